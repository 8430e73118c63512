//! States round-trip bit for bit and refuse what they do not fit.

use nn::{StateReader, StateWriter};
use plugin_api::Code;
use tch::{Kind, Tensor};

fn state() -> (Vec<u8>, Tensor) {
    let tensor = Tensor::from_slice(&[1.5f32, -0.0, f32::NAN, 1e-42]).view([2, 2]);
    let mut bytes = Vec::new();
    let mut out = StateWriter::new(&mut bytes);
    out.integer("steps", 7).expect("writes");
    out.tensor("weights", &tensor).expect("writes");
    out.number("beta", 0.1).expect("writes");
    (bytes, tensor)
}

#[test]
fn values_survive_bit_for_bit() {
    let (bytes, tensor) = state();
    let mut rest = &bytes[..];
    let mut from = StateReader::new(&mut rest);
    let mut found = Tensor::zeros([2, 2], (Kind::Float, tch::Device::Cpu));
    assert_eq!(from.integer("steps").expect("reads"), 7);
    from.tensor("weights", &mut found).expect("reads");
    assert_eq!(from.number("beta").expect("reads"), 0.1);
    let bits = |t: &Tensor| {
        let flat = Vec::<f32>::try_from(t.view(-1)).expect("float32");
        flat.into_iter().map(f32::to_bits).collect::<Vec<u32>>()
    };
    assert_eq!(bits(&found), bits(&tensor));
    assert!(rest.is_empty());
}

fn refused(bytes: &[u8], name: &str, mut into: Tensor, expected: &str) {
    let mut rest = bytes;
    let mut from = StateReader::new(&mut rest);
    let failure = from
        .integer("steps")
        .and_then(|_| from.tensor(name, &mut into))
        .expect_err("refused");
    assert_eq!(failure.code, Code::InvalidState);
    assert!(failure.message.contains(expected), "{failure}");
}

#[test]
fn misfits_are_named() {
    let (bytes, _) = state();
    let zeros = |shape: &[i64], kind| Tensor::zeros(shape, (kind, tch::Device::Cpu));
    let float = Kind::Float;
    refused(&bytes, "biasses", zeros(&[2, 2], float), "found `weights`");
    refused(&bytes, "weights", zeros(&[4], float), "found 2 dimensions");
    refused(
        &bytes,
        "weights",
        zeros(&[2, 3], float),
        "expected shape [2, 3], found [2, 2]",
    );
    refused(
        &bytes,
        "weights",
        zeros(&[2, 2], Kind::Double),
        "expected type 2, found type 1",
    );
    refused(
        &bytes[..bytes.len() - 30],
        "weights",
        zeros(&[2, 2], float),
        "ends before",
    );
}
