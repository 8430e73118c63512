//! Masses and inertias of capsules as MuJoCo computed them before 2.1.1, so as in the simulator of D4RL's data.
//!
//! There a capsule of radius r and half-length h counted as a cylinder of length L = 2 h + r (today: cylinder and two
//! half-spheres): M = rho pi r^2 L, transversal inertia M (3 r^2 + L^2) / 12, axial inertia M r^2 / 2. Source:
//! `google-deepmind/mujoco:doc/changelog.rst`, version 2.1.1, item 7.

use mujoco_rs::prelude::MjModel;
use mujoco_rs::wrappers::mj_editing::{MjSpec, MjtInertiaFromGeom};
use mujoco_rs::wrappers::mj_model::{MjtGeom, MjtObj};
use std::f64::consts::PI;
use std::path::Path;

type Matrix = [f64; 9];

/// A capsule of a body.
struct Capsule {
    radius_m: f64,
    half_length_m: f64,
    position: [f64; 3],
    orientation: [f64; 4],
}

/// Compiles the model file at `path` with the old mass and inertia of every body, all of which consist of capsules. A
/// total mass that the file sets applies, as it did then.
pub(super) fn compile(path: &Path) -> Result<MjModel, String> {
    let model = MjModel::from_xml(path).map_err(|error| error.to_string())?;
    let mut spec = MjSpec::from_xml(path).map_err(|error| error.to_string())?;
    spec.compiler_mut()
        .set_inertiafromgeom(MjtInertiaFromGeom::mjINERTIAFROMGEOM_FALSE);
    for body in 1..model.body_mass().len() {
        let name = model.id_to_name(MjtObj::mjOBJ_BODY, body);
        let target = name.and_then(|name| spec.body_mut(name));
        let target = target.ok_or_else(|| format!("body {body} has no name"))?;
        let capsules = capsules(&model, body)
            .ok_or_else(|| format!("body {body} does not consist of capsules"))?;
        let volume: f64 = capsules.iter().map(Capsule::volume).sum();
        // A total mass scales all densities alike, and does so again.
        let density = model.body_mass().get(body).copied().unwrap_or(0.0) / volume;
        let masses: Vec<f64> = capsules.iter().map(|c| density * c.old_volume()).collect();
        let mass: f64 = masses.iter().sum();
        target.set_explicitinertial(true);
        target.set_mass(mass);
        if let ([only], [mass]) = (capsules.as_slice(), masses.as_slice()) {
            target
                .with_ipos(only.position)
                .with_iquat(only.orientation)
                .with_inertia(only.moments(*mass));
            continue;
        }
        let mut centre = [0.0; 3];
        let mut sum: Matrix = [0.0; 9];
        for (capsule, part) in capsules.iter().zip(&masses) {
            let weighted = capsule.position.map(|p| part * p / mass);
            centre.iter_mut().zip(weighted).for_each(|(c, w)| *c += w);
        }
        for (capsule, part) in capsules.iter().zip(&masses) {
            let term = capsule.about(centre, *part);
            sum.iter_mut().zip(term).for_each(|(s, t)| *s += t);
        }
        let [xx, xy, xz, _, yy, yz, _, _, zz] = sum;
        target
            .with_ipos(centre)
            .with_fullinertia([xx, yy, zz, xy, xz, yz]);
    }
    spec.compile().map_err(|error| error.to_string())
}

/// The capsules of `body`, unless something else belongs to it.
fn capsules(model: &MjModel, body: usize) -> Option<Vec<Capsule>> {
    let owners = model.geom_bodyid().iter().enumerate();
    let own = owners.filter(|(_, owner)| usize::try_from(**owner) == Ok(body));
    let all: Option<Vec<Capsule>> = own.map(|(geom, _)| capsule(model, geom)).collect();
    all.filter(|all| !all.is_empty())
}

fn capsule(model: &MjModel, geom: usize) -> Option<Capsule> {
    let [radius_m, half_length_m, _] = *model.geom_size().get(geom)?;
    (*model.geom_type().get(geom)? == MjtGeom::mjGEOM_CAPSULE).then_some(Capsule {
        radius_m,
        half_length_m,
        position: *model.geom_pos().get(geom)?,
        orientation: *model.geom_quat().get(geom)?,
    })
}

impl Capsule {
    /// m^3, today.
    fn volume(&self) -> f64 {
        PI * self.radius_m.powi(2) * (2.0 * self.half_length_m + 4.0 / 3.0 * self.radius_m)
    }

    fn old_length_m(&self) -> f64 {
        2.0 * self.half_length_m + self.radius_m
    }

    /// m^3, before 2.1.1.
    fn old_volume(&self) -> f64 {
        PI * self.radius_m.powi(2) * self.old_length_m()
    }

    /// Moments about the capsule's own axes, of which the third is the long one.
    fn moments(&self, mass: f64) -> [f64; 3] {
        let (r, length) = (self.radius_m, self.old_length_m());
        let transversal = mass * (3.0 * r * r + length * length) / 12.0;
        [transversal, transversal, mass * r * r / 2.0]
    }

    /// Inertia about `centre` in the axes of the body.
    fn about(&self, centre: [f64; 3], mass: f64) -> Matrix {
        let rotation = matrix(&self.orientation);
        let moments = self.moments(mass);
        let at = |i: usize, j: usize| rotation[3 * i + j];
        let d: [f64; 3] = std::array::from_fn(|i| self.position[i] - centre[i]);
        let square: f64 = d.iter().map(|x| x * x).sum();
        std::array::from_fn(|k| {
            let (i, j) = (k / 3, k % 3);
            let turned: f64 = (0..3).map(|l| at(i, l) * moments[l] * at(j, l)).sum();
            let diagonal = if i == j { square } else { 0.0 };
            turned + mass * (diagonal - d[i] * d[j])
        })
    }
}

/// Rotation matrix, row by row, of a unit quaternion (w, x, y, z).
fn matrix(&[w, x, y, z]: &[f64; 4]) -> Matrix {
    [
        w * w + x * x - y * y - z * z,
        2.0 * (x * y - w * z),
        2.0 * (x * z + w * y),
        2.0 * (x * y + w * z),
        w * w - x * x + y * y - z * z,
        2.0 * (y * z - w * x),
        2.0 * (x * z - w * y),
        2.0 * (y * z + w * x),
        w * w - x * x - y * y + z * z,
    ]
}
