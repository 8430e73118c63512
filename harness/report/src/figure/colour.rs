//! Colours that stay apart without full colour vision, on paper and on screen.

/// Lines and markers: Okabe and Ito's qualitative colours, strongest first, without yellow.
pub(super) const SERIES: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000",
];

/// One hue from light to dark (ColorBrewer's "Blues"): monotone in lightness, so it also reads in grey.
const BLUES: [[u8; 3]; 9] = [
    [247, 251, 255],
    [222, 235, 247],
    [198, 219, 239],
    [158, 202, 225],
    [107, 174, 214],
    [66, 146, 198],
    [33, 113, 181],
    [8, 81, 156],
    [8, 48, 107],
];

/// The fill for `t` in 0..=1 (worst to best) and the colour of text on it.
pub(super) fn sequential(t: f64) -> (String, &'static str) {
    let position = t.clamp(0.0, 1.0) * (BLUES.len() - 1) as f64;
    let index = (position as usize).min(BLUES.len() - 2);
    let fraction = position - index as f64;
    let mix = |c: usize| {
        let (a, b) = (f64::from(BLUES[index][c]), f64::from(BLUES[index + 1][c]));
        (a + fraction * (b - a)).round() as u8
    };
    let fill = format!("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2));
    // Above 0.69 white text has the larger contrast.
    (fill, if t > 0.69 { "#ffffff" } else { "#1a1a1a" })
}

/// Brown for less than one half, white at it, blue for more: apart without full colour vision. The fill for a share `t` in 0..=1 and the colour of
/// text on it.
pub(super) fn diverging(t: f64) -> (String, &'static str) {
    const LESS: [f64; 3] = [179.0, 88.0, 6.0];
    const MORE: [f64; 3] = [8.0, 81.0, 156.0];
    let distance = (2.0 * t.clamp(0.0, 1.0) - 1.0).abs();
    let end = if t < 0.5 { LESS } else { MORE };
    let mix = |c: usize| (255.0 + distance * (end[c] - 255.0)).round() as u8;
    let fill = format!("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2));
    let white_from = if t < 0.5 { 0.9 } else { 0.72 };
    let ink = if distance > white_from {
        "#ffffff"
    } else {
        "#1a1a1a"
    };
    (fill, ink)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(fill: &str) -> f64 {
        let channel = |i: usize| {
            let c = f64::from(u8::from_str_radix(&fill[i..i + 2], 16).unwrap()) / 255.0;
            if c <= 0.04045 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    #[test]
    fn the_scale_darkens_and_text_on_it_is_legible() {
        let mut before = f64::INFINITY;
        for step in 0..=100 {
            let (fill, ink) = sequential(f64::from(step) / 100.0);
            let (back, text) = (luminance(&fill), luminance(ink));
            assert!(back < before, "step {step}");
            before = back;
            let contrast = (back.max(text) + 0.05) / (back.min(text) + 0.05);
            assert!(contrast >= 4.0, "step {step}: contrast {contrast:.2}");
        }
    }

    #[test]
    fn both_sides_of_one_half_are_legible() {
        assert_eq!(diverging(0.5).0, "#ffffff");
        for step in 0..=100 {
            let (fill, ink) = diverging(f64::from(step) / 100.0);
            let (back, text) = (luminance(&fill), luminance(ink));
            let contrast = (back.max(text) + 0.05) / (back.min(text) + 0.05);
            assert!(contrast >= 4.0, "step {step}: contrast {contrast:.2}");
        }
    }
}
