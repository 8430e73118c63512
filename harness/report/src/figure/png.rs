//! SVG to PNG with the embedded font only, so that the bitmap does not depend on what is installed.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb::Database};

use crate::error::{Error, Result};

const REGULAR: &[u8] = include_bytes!("../../fonts/Arimo-Regular.subset.ttf");
const BOLD: &[u8] = include_bytes!("../../fonts/Arimo-Bold.subset.ttf");
/// Pixels per user unit.
const SCALE: f32 = 2.0;

/// Draws `svg`, which this crate wrote.
pub(super) fn encode(svg: &str) -> Result<Vec<u8>> {
    let mut fonts = Database::new();
    fonts.load_font_data(REGULAR.to_vec());
    fonts.load_font_data(BOLD.to_vec());
    fonts.set_sans_serif_family("Arimo");
    let options = Options {
        fontdb: Arc::new(fonts),
        font_family: "Arimo".into(),
        ..Options::default()
    };
    let tree = Tree::from_str(svg, &options).expect("the svg was written by this crate");
    let size = tree.size();
    let (width, height) = (
        (size.width() * SCALE).ceil() as u32,
        (size.height() * SCALE).ceil() as u32,
    );
    let mut pixels = Pixmap::new(width, height).ok_or(Error::Bitmap { width, height })?;
    resvg::render(
        &tree,
        Transform::from_scale(SCALE, SCALE),
        &mut pixels.as_mut(),
    );
    pixels
        .encode_png()
        .map_err(|_| Error::Bitmap { width, height })
}
