//! Networks, policies and the optimiser against closed forms and finite differences.

use nn::testing::{Data, FakeHost};
use nn::{
    Activation, Adam, AdamOptions, Dims, EnsembleCritic, Init, LayerNorm, Layout, MlpOptions,
    ParamSet, Schedule, borrow,
};
use plugin_api::{Array, Network, Precision, Query, Reduce};
use tch::{Kind, Tensor};

fn data() -> Data {
    Data::bandit((3, 2, 6), 0.4, |s, i| s[i], |_, a| -a[0])
}

fn form(activation: Activation, layer_norm: LayerNorm, init: Init) -> MlpOptions {
    MlpOptions {
        input: 0,
        hidden: vec![8, 8],
        output: 1,
        activation,
        layer_norm,
        init,
        output_scale: 1.0,
        members: Some(3),
    }
}

fn values(array: &Array) -> Vec<f64> {
    array.view().as_slice::<f64>().expect("float64").to_vec()
}

#[test]
fn dq_da_equals_finite_differences() {
    nn::single_thread();
    let host = FakeHost::whole(data(), Precision::F64);
    let dims = Dims::continuous(&host.problem(1)).expect("continuous");
    let forms = [
        (Activation::Tanh, LayerNorm::None, Init::TorchLinear),
        (
            Activation::GeluTanh,
            LayerNorm::AfterActivation,
            Init::VarianceScaling,
        ),
        (
            Activation::Mish,
            LayerNorm::BeforeActivation,
            Init::Orthogonal,
        ),
    ];
    for (activation, layer_norm, init) in forms {
        let mut layout = Layout::new();
        let options = form(activation, layer_norm, init);
        let critic = EnsembleCritic::declare(&mut layout, "critic", dims, &options);
        let params = ParamSet::create(layout, &host.host(), dims.kind).expect("draws");
        for reduce in [Reduce::Min, Reduce::Mean] {
            let observation = host.array(&host.data().observation, &[6, 3]);
            let ask = |action: &[f64]| {
                let action = host.array(action, &[6, 2]);
                let query = Query {
                    observation: observation.view(),
                    goal: None,
                    action: action.view(),
                    network: Network::Online,
                    reduce,
                };
                let (q, dq) = critic
                    .answer_gradient(params.frozen(), &query)
                    .expect("answers");
                let plain = critic.answer(params.frozen(), &query).expect("answers");
                assert_eq!(values(&q), values(&plain));
                (values(&q), values(&dq))
            };
            let base = host.data().action.clone();
            let (_, gradient) = ask(&base);
            for i in 0..base.len() {
                let moved = |by: f64| {
                    let mut action = base.clone();
                    action[i] += by;
                    ask(&action).0[i / 2]
                };
                let step = 1e-6;
                let slope = (moved(step) - moved(-step)) / (2.0 * step);
                assert!(
                    (slope - gradient[i]).abs() < 1e-8,
                    "{slope} {}",
                    gradient[i]
                );
            }
        }
    }
}

#[test]
fn members_differ_and_reduce_as_named() {
    nn::single_thread();
    let host = FakeHost::whole(data(), Precision::F64);
    let dims = Dims::continuous(&host.problem(1)).expect("continuous");
    let mut layout = Layout::new();
    let options = form(Activation::Relu, LayerNorm::None, Init::TorchLinear);
    let critic = EnsembleCritic::declare(&mut layout, "critic", dims, &options);
    let params = ParamSet::create(layout, &host.host(), dims.kind).expect("draws");
    let (s, a) = (
        host.array(&host.data().observation, &[6, 3]),
        host.array(&host.data().action, &[6, 2]),
    );
    let ask = |reduce| {
        let query = Query {
            observation: s.view(),
            goal: None,
            action: a.view(),
            network: Network::Online,
            reduce,
        };
        values(&critic.answer(params.frozen(), &query).expect("answers"))
    };
    let (all, min, mean) = (ask(Reduce::Member), ask(Reduce::Min), ask(Reduce::Mean));
    assert_eq!((all.len(), min.len()), (18, 6));
    for b in 0..6 {
        let members = [all[b], all[6 + b], all[12 + b]];
        assert!(members[0] != members[1] && members[1] != members[2]);
        assert_eq!(
            min[b],
            members.iter().copied().fold(f64::INFINITY, f64::min)
        );
        assert!((mean[b] - members.iter().sum::<f64>() / 3.0).abs() < 1e-15);
    }
}

#[test]
fn adam_follows_its_formula() {
    nn::single_thread();
    let host = FakeHost::whole(data(), Precision::F64);
    let dims = Dims::continuous(&host.problem(1)).expect("continuous");
    let mut layout = Layout::new();
    let options = form(Activation::Relu, LayerNorm::None, Init::TorchLinear);
    EnsembleCritic::declare(&mut layout, "critic", dims, &options);
    let mut params = ParamSet::create(layout, &host.host(), dims.kind).expect("draws");
    let mut adam = Adam::new(&params, AdamOptions::new(0.1, Schedule::Cosine, 4));
    let name = "critic.0.bias";
    let (start, mut expected) = (
        params.values(name).expect("exists")[0],
        params.values(name).expect("exists")[0],
    );
    let (mut m, mut v) = (0.0f64, 0.0f64);
    for t in 1..=6 {
        let g = 0.3 * t as f64 - 0.8;
        let gradients: Vec<Tensor> = params.live().iter().map(|p| p.zeros_like() + g).collect();
        adam.apply(&mut params, &gradients).expect("finite");
        m = 0.9 * m + 0.1 * g;
        v = 0.999 * v + 0.001 * g * g;
        let part = f64::from((t - 1).min(4)) / 4.0;
        let rate = 0.1 * 0.5 * (1.0 + (std::f64::consts::PI * part).cos());
        let (m_hat, v_hat) = (m / (1.0 - 0.9f64.powi(t)), v / (1.0 - 0.999f64.powi(t)));
        expected -= rate * m_hat / (v_hat.sqrt() + 1e-8);
        let found = params.values(name).expect("exists")[0];
        assert!(
            (found - expected).abs() < 1e-12,
            "step {t}: {found} {expected}"
        );
    }
    assert!((start - expected).abs() > 0.1);
}

#[test]
fn the_target_follows_by_its_rate() {
    nn::single_thread();
    let host = FakeHost::whole(data(), Precision::F64);
    let dims = Dims::continuous(&host.problem(1)).expect("continuous");
    let mut layout = Layout::new();
    let options = form(Activation::Relu, LayerNorm::None, Init::TorchLinear);
    EnsembleCritic::declare(&mut layout, "critic", dims, &options);
    let mut online = ParamSet::create(layout, &host.host(), dims.kind).expect("draws");
    let mut target = online.duplicate();
    let name = "critic.1.bias";
    let old = target.values(name).expect("exists");
    let new: Vec<f64> = old.iter().map(|x| x + 1.0).collect();
    online.assign(name, &new).expect("fits");
    target.follow(&online, 0.25);
    for (found, old) in target.values(name).expect("exists").iter().zip(old) {
        assert!((found - (old + 0.25)).abs() < 1e-15);
    }
}

#[test]
fn memory_is_borrowed_when_aligned_and_values_are_equal_when_not() {
    nn::single_thread();
    let values: Vec<f32> = (0..64).map(|i| i as f32).collect();
    let array = Array::from_vec(values, &[64]);
    let tensor = borrow("x", array.view(), Kind::Float).expect("float32");
    assert_eq!(tensor.sum(Kind::Double).double_value(&[]), 2016.0);
    let address = array.view().data() as usize;
    assert_eq!(
        tensor.data_ptr() as usize == address,
        address.is_multiple_of(64)
    );
    assert!(borrow("x", array.view(), Kind::Double).is_err());
}
