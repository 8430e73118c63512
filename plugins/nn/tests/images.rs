//! Networks of images: sizes, sharing, and gradients in actions and parameters.

use nn::testing::{Data, FakeHost};
use nn::{
    Activation, Dims, EnsembleCritic, Init, Inputs, LayerNorm, Layout, MlpOptions, ParamSet,
    StateNet,
};
use plugin_api::{Array, Network, Precision, Query, Reduce};
use tch::{Kind, Tensor};

const SHAPE: [i64; 3] = [2, 5, 4];
const PIXELS: usize = 40;
const ROWS: usize = 4;

fn host() -> Box<FakeHost> {
    let mut data = Data::bandit((PIXELS, 2, ROWS), 0.4, |s, i| s[i], |_, a| -a[0]);
    data.goal_dim = 1;
    data.goal = data.reward.clone();
    FakeHost::whole(data, Precision::F64)
}

fn form(init: Init) -> MlpOptions {
    MlpOptions {
        input: 0,
        hidden: vec![6],
        output: 1,
        activation: Activation::Tanh,
        layer_norm: LayerNorm::None,
        init,
        output_scale: 1.0,
        members: None,
    }
}

fn inputs(host: &FakeHost) -> Inputs {
    let dims = Dims::continuous(&host.problem(1)).expect("continuous");
    Inputs::images(dims, SHAPE, &[3, 2]).expect("fits")
}

fn values(array: &Array) -> Vec<f64> {
    array.view().to_f64().expect("floats")
}

#[test]
fn dq_da_equals_finite_differences() {
    nn::single_thread();
    let host = host();
    for init in [Init::TorchLinear, Init::VarianceScaling, Init::Orthogonal] {
        let mut layout = Layout::new();
        let options = MlpOptions {
            members: Some(2),
            ..form(init)
        };
        let critic = EnsembleCritic::declare(&mut layout, "critic", inputs(&host), &options);
        let params = ParamSet::create(layout, &host.host(), Kind::Double).expect("draws");
        let observation = host.array(&host.data().observation, &[ROWS as i64, PIXELS as i64]);
        let goal = host.array(&host.data().goal, &[ROWS as i64, 1]);
        let ask = |action: &[f64]| {
            let action = host.array(action, &[ROWS as i64, 2]);
            let query = Query {
                observation: observation.view(),
                goal: Some(goal.view()),
                action: action.view(),
                network: Network::Online,
                reduce: Reduce::Min,
            };
            let (q, dq_da) = critic
                .answer_gradient(params.frozen(), &query)
                .expect("answers");
            (values(&q), values(&dq_da))
        };
        let base = host.data().action.clone();
        let (_, gradient) = ask(&base);
        for i in 0..base.len() {
            let moved = |by: f64| {
                let mut action = base.clone();
                action[i] += by;
                ask(&action).0[i / 2]
            };
            let slope = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            assert!((slope - gradient[i]).abs() < 1e-8, "{slope} {gradient:?}");
        }
    }
}

#[test]
fn gradients_in_kernels_equal_finite_differences() {
    nn::single_thread();
    let host = host();
    let mut layout = Layout::new();
    let net = StateNet::declare(
        &mut layout,
        "value",
        &inputs(&host),
        &form(Init::TorchLinear),
    );
    let mut params = ParamSet::create(layout, &host.host(), Kind::Double).expect("draws");
    let state = |data: &Data| {
        let rows = data.observation.chunks(PIXELS).zip(&data.goal);
        let joined: Vec<f64> = rows.flat_map(|(s, g)| [s, &[*g]].concat()).collect();
        Tensor::from_slice(&joined).view([ROWS as i64, PIXELS as i64 + 1])
    };
    let state = state(host.data());
    let loss = |weights: &[Tensor]| net.forward(weights, &state).square().mean(Kind::Double);
    let gradients = Tensor::run_backward(&[loss(params.live())], params.live(), false, false);
    let shapes: Vec<(String, Vec<i64>)> = params
        .shapes()
        .iter()
        .map(|(name, shape)| ((*name).into(), shape.to_vec()))
        .collect();
    assert_eq!(shapes[0], ("value.image.0.weight".into(), vec![3, 2 * 9]));
    assert_eq!(shapes[2], ("value.image.1.weight".into(), vec![2, 3 * 9]));
    // 5 x 4 pixels become 3 x 2, then 2 x 1; the goal stands beside the features.
    assert_eq!(shapes[4], ("value.0.weight".into(), vec![2 * 2 + 1, 6]));
    for ((name, _), gradient) in shapes.iter().zip(gradients).take(4) {
        let gradient = gradient.contiguous().view(-1);
        let start = params.values(name).expect("exists");
        for i in [0, start.len() - 1] {
            let mut moved = |by: f64| {
                let mut values = start.clone();
                values[i] += by;
                params.assign(name, &values).expect("fits");
                let value = loss(params.frozen()).double_value(&[]);
                params.assign(name, &start).expect("fits");
                value
            };
            let slope = (moved(1e-6) - moved(-1e-6)) / 2e-6;
            let found = gradient.double_value(&[i as i64]);
            assert!((slope - found).abs() < 1e-8, "{name} {slope} {found}");
        }
    }
}

#[test]
fn images_of_another_size_are_refused() {
    let dims = Dims::continuous(&host().problem(1)).expect("continuous");
    let refusal = |shape, channels: &[i64]| {
        let refused = Inputs::images(dims, shape, channels).err();
        refused.expect("refused").message
    };
    assert!(refusal([2, 4, 4], &[3]).contains("40 entries"));
    assert!(refusal(SHAPE, &[3, 0]).contains("`image_channels` is 0"));
}
