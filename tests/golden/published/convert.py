"""Writes results/published/*.toml from a CSV of published scores.

    python convert.py SCORES.csv ../../../results/published

SCORES.csv: block, source, table, env, dataset, algorithm, metric, mean, std, n_seeds; an empty std or n_seeds means that the
source does not say. What the CSV does not hold (where a table is from, how its spreads were computed, which evaluation counts)
stands in TABLES below, one entry a file. Every row goes to exactly one file, or the script stops.
"""

import csv
import re
import sys
from pathlib import Path

CORL = "https://github.com/corl-team/CORL"
OGBENCH = "https://arxiv.org/abs/2410.20092"
RQL = "https://arxiv.org/abs/2606.17551"
D3RLPY = "https://github.com/takuseno/d3rlpy-benchmarks"
LIB = "https://github.com/typoverflow/OfflineRL-Lib"

UNRECORDED = "address not recorded with the transcription"

POPULATION = {"kind": "sd", "ddof": 0}
SD = {"kind": "sd"}
MIXED = {"kind": "unknown"}


def d4rl(**more):
    return {"datasets": "D4RL", "measure": "normalized-score", "normalizer": "d4rl", **more}


def ogbench(**more):
    return {"datasets": "OGBench", "measure": "success-percent", **more}


def lib(name, **more):
    return {
        "id": f"offlinerl-lib-{name}", "block": "L", "source": LIB, "trust": "primary", "selection": "best-of-last-2",
        **d4rl(spread=SD), **more,
    }


def paper_values(name, **more):
    note = "The papers' values as the library's pages repeat them; selection and spread are the papers' own."
    return lib(name, **{"trust": "secondary", "selection": "unknown", "note": note, **more})


# Filters: `block`, and where given `table`, `metric`, `n`, `algorithm` of the CSV. The rest goes to the file.
TABLES = [
    {"id": "corl-offline-last", "block": "A", "title": "CORL on D4RL, last checkpoint", "source": CORL,
     "location": "README, offline, last scores", "trust": "primary", "selection": "last", "n": 4, **d4rl(spread=POPULATION)},
    {"id": "corl-offline-best", "block": "B", "title": "CORL on D4RL, best checkpoint of each run", "source": CORL,
     "location": "README, offline, best scores", "trust": "primary", "selection": "best", "n": 4, "last": "corl-offline-last",
     **d4rl(spread=POPULATION)},
    {"id": "corl-finetune-offline", "block": "C", "metric": "normalized_score_after_offline", "source": CORL,
     "title": "CORL offline to online on D4RL, after the offline phase", "location": "README, offline-to-online scores",
     "trust": "primary", "selection": "unknown", "n": 4, **d4rl(spread=SD)},
    {"id": "corl-finetune-online", "block": "C", "metric": "normalized_score_after_online", "source": CORL,
     "title": "CORL offline to online on D4RL, after the online phase", "location": "README, offline-to-online scores",
     "trust": "primary", "selection": "unknown", "n": 4, **d4rl(spread=SD)},
    {"id": "corl-finetune-regret", "block": "D", "title": "CORL offline to online on D4RL, cumulative regret online",
     "source": CORL, "location": "README, offline-to-online regrets", "trust": "primary", "datasets": "D4RL",
     "measure": "regret-fraction", "selection": "unknown", "n": 4, "spread": SD},
    {"id": "ogbench-goal-conditioned", "block": "E", "table": "Table 2 (main)", "source": OGBENCH, "location": "Table 2",
     "title": "OGBench, goal-conditioned methods", "paper": "arXiv 2410.20092v2", "trust": "secondary",
     "selection": "mean-last-3", "evaluation_episodes": 250,
     "note": "5 goals x 50 episodes, mean action; 8 seeds, 4 for pixels. Transcribed, cross-checked on 14 rows.",
     **ogbench(spread=SD)},
    {"id": "ogbench-noisy", "block": "E", "table": "Table 5 (noisy manipulation)", "source": OGBENCH, "location": "Table 5",
     "title": "OGBench, goal-conditioned methods on noisy manipulation data", "paper": "arXiv 2410.20092v2",
     "trust": "secondary", "selection": "mean-last-3", "evaluation_episodes": 250,
     "note": "5 goals x 50 episodes, mean action; 8 seeds, 4 for pixels. Transcribed.", **ogbench(spread=SD)},
    *[{"id": f"rql-single-task-{seeds}-seeds{suffix}", "block": "F", "table": table, "n": seeds, "source": RQL,
       "title": f"OGBench single tasks with rewards, means of 5 tasks, {steps} updates{words}", "paper": "arXiv 2606.17551",
       "location": "appendix, Table 1", "trust": "secondary", "selection": "unknown",
       "note": "Tasks with rewards: not comparable with goal-conditioned tables, nor with the other protocol of the same paper.",
       **ogbench()}
      for seeds, steps in [(12, "1M"), (4, "2M")]
      for suffix, words, table in [("", "", "App. Table 1"),
                                   ("-100m", ", data of 100M transitions", "App. Table 1 (100M-transition variant)")]],
    *[{"id": name, "block": "G", "algorithm": algorithm, "n": n, "source": source, "location": "main tables",
       "title": f"{algorithm} on OGBench", "trust": "secondary", "selection": "unknown", "note": note, **ogbench(spread=spread)}
      for name, algorithm, n, source, spread, note in [
          ("ors-ogbench", "ORS", 8, UNRECORDED, MIXED, "The transcription does not say whether the spread is an SD or a bootstrap half-width."),
          ("ttgs-ogbench", "GCIQL+TTGS", 8, "https://arxiv.org/abs/2510.07257", MIXED,
           "The transcription does not say whether the spread is an SD or a bootstrap half-width."),
          ("mctd-ogbench", "MCTD (base)", 10, UNRECORDED, SD, "SD over 10 seeds."),
          ("compdiff-ogbench", "CompDiff (AR+replan)", 5, UNRECORDED, SD, "SD over 5 seeds.")]],
    {"id": "iql-td3-bc-papers-d4rl-v2", "block": "H", "table": "Table 1 true-reward columns",
     "source": "https://arxiv.org/abs/2110.06169", "title": "IQL and TD3+BC papers on D4RL v2 locomotion",
     "location": "as repeated in the RGM paper, Table 1, columns with true rewards", "trust": "secondary",
     "selection": "unknown", **d4rl(spread=SD)},
    {"id": "iql-paper-antmaze-v0", "block": "H", "table": "AntMaze v0", "source": "https://arxiv.org/abs/2110.06169",
     "title": "IQL paper on D4RL AntMaze v0", "location": "as repeated in a note of the Trajectory Transformer's authors",
     "trust": "secondary", "selection": "unknown", "datasets": "D4RL", "measure": "success-percent"},
    {"id": "trajectory-transformer-antmaze-v0", "block": "H", "table": "Table 2", "n": 15,
     "source": "https://arxiv.org/abs/2106.02039", "title": "Trajectory Transformer with Q-guidance on D4RL AntMaze v0",
     "location": "Table 2, as repeated in a note of its authors", "trust": "secondary", "selection": "unknown",
     "datasets": "D4RL", "measure": "success-percent", "spread": {"kind": "standard-error"}},
    {"id": "td3-bc-paper-d4rl-v0", "block": "I", "source": "https://arxiv.org/abs/2106.06860",
     "title": "TD3+BC paper on D4RL v0 locomotion", "location": "as repeated in arXiv 2505.05701, appendix F, Table 5",
     "trust": "secondary", "selection": "unknown",
     "note": "One conflict: halfcheetah-medium is 42.8 +- 0.3 here, 41.3 +- 0.5 elsewhere.", **d4rl(spread=SD)},
    {"id": "d3rlpy-last", "block": "J1", "metric": "d4rl_normalized_final", "source": D3RLPY, "location": "d4rl_table.csv",
     "title": "d3rlpy on D4RL, last evaluation", "trust": "primary", "selection": "last", "n": 10,
     "note": "Its loader drops the first evaluation of every run and keeps the last 500 of PLAS and PLAS+P.",
     **d4rl(spread=POPULATION)},
    {"id": "d3rlpy-best", "block": "J1", "metric": "d4rl_normalized_best_checkpoint", "source": D3RLPY,
     "location": "d4rl_table.csv", "title": "d3rlpy on D4RL, best evaluation of each run", "trust": "primary",
     "selection": "best", "n": 10, "last": "d3rlpy-last",
     "note": "Its loader drops the first evaluation of every run and keeps the last 500 of PLAS and PLAS+P.",
     **d4rl(spread=POPULATION)},
    {"id": "d3rlpy-official-reruns", "block": "J2", "source": D3RLPY, "location": "baseline_table.csv",
     "title": "Official implementations on D4RL v0, rerun by d3rlpy's author", "trust": "primary", "selection": "last",
     "acknowledged": ["spread-offset"],
     "note": "The spreads of cql, bear and plas_p were normalised as if they were returns, those of iql were not.", **d4rl(spread=SD)},
    {"id": "d3rlpy-finetune-before", "block": "J3", "metric": "d4rl_normalized_pretraining", "source": D3RLPY,
     "location": "finetuning_table.csv", "title": "d3rlpy on D4RL AntMaze, before fine-tuning", "trust": "primary",
     "selection": "last", **d4rl(spread=SD)},
    {"id": "d3rlpy-finetune-after", "block": "J3", "metric": "d4rl_normalized_after_finetuning", "source": D3RLPY,
     "location": "finetuning_table.csv", "title": "d3rlpy on D4RL AntMaze, after fine-tuning", "trust": "primary",
     "selection": "last", **d4rl(spread=SD)},
    {"id": "offlinerl-kit", "block": "K", "source": "https://github.com/yihaosun1124/OfflineRL-Kit",
     "location": "README, benchmark results", "title": "OfflineRL-Kit on D4RL v2 locomotion", "trust": "primary",
     "selection": "unknown", "n": 4, **d4rl(spread=SD)},
    lib("with-corl-args", table="OfflineRL-Lib (with CORL args)", title="OfflineRL-Lib on D4RL, with CORL's hyperparameters"),
    lib("with-paper-args", table="OfflineRL-Lib (with paper args)", title="OfflineRL-Lib on D4RL, with the papers' hyperparameters"),
    lib("paper-args", table="OfflineRL-Lib (paper args)", title="OfflineRL-Lib on D4RL, hyperparameters of the paper"),
    lib("paper-args-tuned", table="OfflineRL-Lib (paper args) (tuned)",
        title="OfflineRL-Lib on D4RL, hyperparameters of the paper, tuned per dataset"),
    paper_values("papers", table="Paper Performance", title="Papers' values in OfflineRL-Lib"),
    paper_values("papers-consistent", table="Paper Performance (consistent)", spread=None,
                 title="Papers' values in OfflineRL-Lib, one set of hyperparameters"),
    paper_values("papers-tuned", table="Paper Performance (tuned)", spread=None,
                 title="Papers' values in OfflineRL-Lib, tuned per dataset"),
    paper_values("papers-v0", table="Paper Performance (maybe on -v0)", spread=None,
                 title="Papers' values in OfflineRL-Lib, perhaps on v0 data"),
    {"id": "ogbench-course-rerun", "block": "M", "source": "https://github.com/EFeng2005/ECE-567-p3", "n": 3,
     "location": "README, results", "title": "OGBench, rerun in a course project", "trust": "third-party",
     "selection": "unknown", "datasets": "OGBench", "measure": "success-fraction"},
    {"id": "rlbase-locomotion", "block": "N", "metric": "d4rl_normalized", "title": "rlbase_stable on D4RL locomotion",
     "source": "https://github.com/kvfrans/rlbase_stable", "location": "README, offline results", "trust": "primary",
     "selection": "best", "n": 4, **d4rl()},
    {"id": "rlbase-mazes", "block": "N", "metric": "success_pct", "title": "rlbase_stable on goal-conditioned D4RL mazes",
     "source": "https://github.com/kvfrans/rlbase_stable", "location": "README, offline results", "trust": "primary",
     "selection": "best", "n": 4, "datasets": "D4RL", "measure": "success-percent"},
    {"id": "rlbase-exorl", "block": "N", "metric": "raw_return", "title": "rlbase_stable on ExoRL",
     "source": "https://github.com/kvfrans/rlbase_stable", "location": "README, offline results", "trust": "primary",
     "selection": "best", "n": 4, "datasets": "ExoRL", "measure": "return"},
    {"id": "opex-third-party", "block": "O", "source": "https://github.com/robotjoaa/IE801_project", "n": 1,
     "location": "plots/", "title": "OPEX and IQL on D4RL AntMaze, a third party's single runs", "trust": "third-party",
     "selection": "mean-last-10", "datasets": "D4RL", "measure": "success-fraction",
     "spread": {"kind": "sd-over-evaluations"},
     "note": "Confounded: the OPEX arm samples its actions, the plain arm takes the mean. A cautionary case."},
]

FILTERS = {"block": "block", "table": "table", "metric": "metric", "algorithm": "algorithm"}
ORDER = [
    "id", "title", "source", "location", "paper", "trust", "note", "datasets", "environments", "measure", "normalizer",
    "decimals", "selection", "evaluation_episodes", "n", "spread", "last", "acknowledged",
]


def number(text):
    """A number as it is printed, and the words behind it; none for an empty field."""
    match = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*(\(.*\))?\s*", text)
    if text and not match:
        raise SystemExit(f"not a number: {text!r}")
    return (match.group(1), match.group(2)) if text else (None, None)


def toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, int):
        return str(value)
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def takes(entry, row):
    if any(entry[key] != row[column] for key, column in FILTERS.items() if key in entry):
        return False
    # Tables of two protocols are told apart by their number of seeds.
    return entry["block"] not in "FG" or str(entry["n"]) == row["n_seeds"]


def score(entry, row):
    """One line of `scores`."""
    mean, _ = number(row["mean"])
    spread, words = number(row["std"])
    kind = (entry.get("spread") or {}).get("kind")
    expected = {"standard-error": "(stderr)", "sd-over-evaluations": "(over evals)"}.get(kind)
    if spread and words != expected:
        raise SystemExit(f"{entry['id']}: spread {row['std']!r}, declared {kind}")
    fields = [f"{key} = {toml(row[column])}" for key, column in
              [("environment", "env"), ("dataset", "dataset"), ("algorithm", "algorithm")]]
    # `table` holds the folder of the single runs of this block, and two of them share a name.
    if entry["block"] == "O":
        fields[-1] = f"algorithm = {toml(row['algorithm'] + ' in ' + row['table'])}"
    fields.append(f"mean = {mean}")
    if spread:
        fields.append(f"spread = {spread}")
    if row["n_seeds"] and int(row["n_seeds"]) != entry.get("n"):
        fields.append(f"n = {row['n_seeds']}")
    if not row["n_seeds"] and "n" in entry:
        raise SystemExit(f"{entry['id']}: n is declared but the row does not say it")
    digits = [len(text.partition(".")[2]) for text in (mean, spread) if text]
    return "  { " + ", ".join(fields) + " },", max(digits)


def main(source, target):
    with open(source, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    entries = {entry["id"]: (entry, []) for entry in TABLES}
    for row in rows:
        owners = [name for name, (entry, _) in entries.items() if takes(entry, row)]
        if len(owners) != 1:
            raise SystemExit(f"{owners} take {row}")
        entries[owners[0]][1].append(row)
    for name, (entry, own) in entries.items():
        lines, digits = zip(*(score(entry, row) for row in own))
        head = {"location": f"table `{entry.get('table')}`", **entry, "decimals": max(digits)}
        head = {key: head[key] for key in ORDER if head.get(key) is not None}
        text = "format = 1\n" + "".join(f"{key} = {toml(value)}\n" for key, value in head.items())
        text += "scores = [\n" + "\n".join(lines) + "\n]\n"
        (Path(target) / f"{name}.toml").write_text(text, encoding="utf-8")
    print(f"{len(rows)} scores in {len(entries)} tables")


if __name__ == "__main__":
    main(*sys.argv[1:])
