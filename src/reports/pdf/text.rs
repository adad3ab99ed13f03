//! Text for PDF: the fonts that the program brings, how wide text is in them, and its lines. The fonts hold Latin, Greek and
//! Cyrillic with all letters of the eight countries; each letter is one glyph, so nothing has to be shaped.

use krilla::Data;
use krilla::text::{Font, GlyphId, KrillaGlyph};
use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};
use unicode_normalization::UnicodeNormalization;

use crate::http::Error;

const REGULAR: &[u8] = include_bytes!("../fonts/NotoSans-Regular.subset.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/NotoSans-Bold.subset.ttf");

/// What stands for a letter that the fonts do not have.
const UNKNOWN: char = '\u{FFFD}';

/// A font with its measures.
pub struct Face {
    font: Font,
    read: FontRef<'static>,
}

/// The two faces.
pub struct Faces {
    /// For text.
    pub regular: Face,
    /// For headings.
    pub bold: Face,
}

impl Faces {
    /// Reads the fonts that the program brings.
    pub fn load() -> Result<Self, Error> {
        Ok(Self {
            regular: Face::load(REGULAR)?,
            bold: Face::load(BOLD)?,
        })
    }
}

impl Face {
    fn load(bytes: &'static [u8]) -> Result<Self, Error> {
        let font = Font::new(Data::from(bytes), 0);
        Ok(Self {
            font: font.ok_or_else(|| Error::internal("a font of the program is unreadable"))?,
            read: FontRef::new(bytes).map_err(Error::internal)?,
        })
    }

    /// The font as the document takes it.
    pub fn font(&self) -> Font {
        self.font.clone()
    }

    /// Text with letters of this font only.
    pub fn known(&self, text: &str) -> String {
        let charmap = self.read.charmap();
        text.nfc()
            .map(|letter| match letter {
                '\u{2212}' => '\u{2013}',
                letter if letter.is_whitespace() => ' ',
                letter if charmap.map(letter).is_some() => letter,
                _ => UNKNOWN,
            })
            .collect()
    }

    /// The glyphs of text that [`Self::known`] gave, with their widths for a size of 1.
    pub fn glyphs(&self, text: &str) -> Vec<KrillaGlyph> {
        let charmap = self.read.charmap();
        let metrics = self
            .read
            .glyph_metrics(Size::new(1.0), LocationRef::default());
        text.char_indices()
            .filter_map(|(start, letter)| {
                let glyph = charmap.map(letter)?;
                let width = metrics.advance_width(glyph).unwrap_or_default();
                let end = start + letter.len_utf8();
                let id = GlyphId::new(glyph.to_u32());
                Some(KrillaGlyph::new(id, width, 0.0, 0.0, 0.0, start..end, None))
            })
            .collect()
    }

    /// How wide text is at a size of 1.
    pub fn width(&self, text: &str) -> f32 {
        self.glyphs(text).iter().map(|glyph| glyph.x_advance).sum()
    }

    /// Text in lines no wider than `width` at a size of 1. A word that is wider is broken.
    pub fn lines(&self, text: &str, width: f32) -> Vec<String> {
        let space = self.width(" ");
        let mut lines: Vec<(String, f32)> = Vec::new();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            for piece in self.pieces(word, width) {
                let wide = self.width(&piece);
                match lines.last_mut() {
                    Some((line, used)) if *used + space + wide <= width => {
                        line.push(' ');
                        line.push_str(&piece);
                        *used += space + wide;
                    }
                    _ => lines.push((piece, wide)),
                }
            }
        }
        lines.into_iter().map(|(line, _)| line).collect()
    }

    fn pieces(&self, word: &str, width: f32) -> Vec<String> {
        if self.width(word) <= width {
            return vec![word.to_owned()];
        }
        let mut pieces = vec![String::new()];
        let mut used = 0.0;
        for letter in word.chars() {
            let wide = self.width(letter.encode_utf8(&mut [0; 4]));
            if used + wide > width && used > 0.0 {
                pieces.push(String::new());
                used = 0.0;
            }
            used += wide;
            if let Some(piece) = pieces.last_mut() {
                piece.push(letter);
            }
        }
        pieces
    }
}

#[cfg(test)]
mod tests {
    use super::Faces;

    #[test]
    fn the_fonts_hold_the_letters_of_the_eight_countries() {
        let faces = Faces::load().unwrap();
        let letters =
            "ÇĞİıÖŞÜƏə ҚқҒғҢңӘәӨөҮүҰұҺһІі ЎўҚқҒғҲҳ ŐőŰű ÝýŇňŽžÄä ЁёЪъЫыЭэЮюЯя ʻʼ‘’ №«»„“”–—…";
        for face in [&faces.regular, &faces.bold] {
            assert_eq!(face.known(letters), letters);
            assert_eq!(face.glyphs(letters).len(), letters.chars().count());
        }
        // What is made of two signs becomes one; what is unknown is shown as such.
        assert_eq!(faces.regular.known("s\u{327}a\u{306} 漢"), "şă \u{FFFD}");
    }

    #[test]
    fn lines_are_no_wider_than_asked_and_lose_nothing() {
        let faces = Faces::load().unwrap();
        let text =
            "Молодёжное объединение «Жас Қанат» a_very_long_word_without_any_space_in_it end";
        for width in [3.0, 8.0, 40.0] {
            let lines = faces.regular.lines(text, width);
            assert!(
                lines
                    .iter()
                    .all(|line| faces.regular.width(line) <= width + 0.001),
                "{lines:?}"
            );
            let without = |text: &str| text.replace(' ', "");
            assert_eq!(without(&lines.concat()), without(text));
        }
        assert!(faces.regular.lines("", 5.0).is_empty());
    }
}
