//! Symbols: characters told by their place in a font that has none of Unicode's order.
//!
//! ECMA-376 part 1, clause 17.3.3.30. Places F000 to F0FF stand for 00 to FF.

/// Greek in the font Symbol, from `A` and from `a` on.
const CAPITALS: &str = "ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ";
const SMALL: &str = "αβχδεφγηιϕκλμνοπθρστυϖωξψζ";

/// What else is common, by font and place.
const COMMON: [(&str, u32, char); 36] = [
    ("Symbol", 0xa3, '≤'),
    ("Symbol", 0xa5, '∞'),
    ("Symbol", 0xab, '↔'),
    ("Symbol", 0xac, '←'),
    ("Symbol", 0xad, '↑'),
    ("Symbol", 0xae, '→'),
    ("Symbol", 0xaf, '↓'),
    ("Symbol", 0xb0, '°'),
    ("Symbol", 0xb1, '±'),
    ("Symbol", 0xb3, '≥'),
    ("Symbol", 0xb4, '×'),
    ("Symbol", 0xb7, '•'),
    ("Symbol", 0xb8, '÷'),
    ("Symbol", 0xb9, '≠'),
    ("Symbol", 0xba, '≡'),
    ("Symbol", 0xbb, '≈'),
    ("Symbol", 0xbc, '…'),
    ("Symbol", 0xce, '∈'),
    ("Symbol", 0xd6, '√'),
    ("Symbol", 0xde, '⇒'),
    ("Symbol", 0xe5, '∑'),
    ("Symbol", 0xf2, '∫'),
    ("Wingdings", 0x6c, '●'),
    ("Wingdings", 0x6e, '■'),
    ("Wingdings", 0x6f, '□'),
    ("Wingdings", 0x71, '❑'),
    ("Wingdings", 0xa7, '▪'),
    ("Wingdings", 0xa8, '◻'),
    ("Wingdings", 0xd8, '➢'),
    ("Wingdings", 0xdf, '←'),
    ("Wingdings", 0xe0, '→'),
    ("Wingdings", 0xe8, '➔'),
    ("Wingdings", 0xfb, '✗'),
    ("Wingdings", 0xfc, '✓'),
    ("Wingdings", 0xfd, '☒'),
    ("Wingdings", 0xfe, '☑'),
];

/// The character at a place (hexadecimal) of a font; none when nothing is known of it.
pub(super) fn read(font: &str, place: &str) -> Option<char> {
    let place = u32::from_str_radix(place.trim(), 16).ok()?;
    let low = match place {
        0xf000..=0xf0ff => place - 0xf000,
        _ => place,
    };
    if font == "Symbol" {
        let letters = [('A', CAPITALS), ('a', SMALL)];
        let greek = letters.into_iter().find_map(|(first, letters)| {
            let index = low.checked_sub(u32::from(first))?;
            letters.chars().nth(usize::try_from(index).ok()?)
        });
        if greek.is_some() {
            return greek;
        }
    }
    let known = COMMON.into_iter().find(|one| one.0 == font && one.1 == low);
    if let Some((.., character)) = known {
        return Some(character);
    }
    // Other fonts of pictures have their places in the private range; elsewhere the place is the character.
    (low == place).then(|| char::from_u32(place)).flatten()
}
