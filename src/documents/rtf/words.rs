//! The words of RTF: what they mean for the text, and the encodings they name.

use encoding_rs::{
    BIG5, EUC_KR, Encoding, GBK, MACINTOSH, SHIFT_JIS, UTF_8, WINDOWS_874, WINDOWS_1250,
    WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1255, WINDOWS_1256,
    WINDOWS_1257, WINDOWS_1258, X_MAC_CYRILLIC,
};

/// What a word means for the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// It stands for this text.
    Shown(&'static str),
    /// Its group is not shown.
    Skipped,
    /// Its group is shown, though the one around it is not.
    Seen,
    /// It is about how text looks, or is read.
    Formatting,
    /// A character of Unicode.
    Unicode,
    /// So many bytes of something else follow.
    Binary,
}

/// What a word means; those that nobody knows are formatting.
pub(super) fn meaning(word: &str) -> Meaning {
    let text = match word {
        "par" | "line" | "row" | "nestrow" | "lbr" => "\n",
        "sect" | "page" => "\n\n",
        "tab" => "\t",
        "cell" | "nestcell" => "|",
        "emdash" => "—",
        "endash" => "–",
        "lquote" => "‘",
        "rquote" => "’",
        "ldblquote" => "“",
        "rdblquote" => "”",
        "bullet" => "•",
        "emspace" => "\u{2003}",
        "enspace" => "\u{2002}",
        "qmspace" => "\u{2005}",
        "zwj" => "\u{200d}",
        "zwnj" => "\u{200c}",
        "u" => return Meaning::Unicode,
        "bin" => return Meaning::Binary,
        "ud" => return Meaning::Seen,
        "fonttbl" | "colortbl" | "stylesheet" | "info" | "pict" | "header" | "headerl"
        | "headerr" | "headerf" | "footer" | "footerl" | "footerr" | "footerf" | "footnote"
        | "annotation" | "object" | "fldinst" | "pntext" | "xe" | "tc" | "txe" | "rxe"
        | "nonesttables" | "listtable" | "listoverridetable" | "rsidtbl" | "filetbl" | "revtbl"
        | "generator" | "template" | "themedata" | "colorschememapping" | "latentstyles"
        | "datastore" | "xmlnstbl" | "shprslt" | "ftnsep" | "ftnsepc" | "ftncn" | "aftnsep"
        | "aftnsepc" | "aftncn" | "pgdsctbl" | "private" | "background" | "upr" | "nonshppict"
        | "bkmkstart" | "bkmkend" | "atnid" | "atnauthor" | "mmathPr" | "wgrffmtfilter"
        | "passwordhash" | "userprops" | "docvar" | "pnseclvl" => {
            return Meaning::Skipped;
        }
        _ => return Meaning::Formatting,
    };
    Meaning::Shown(text)
}

/// The encoding of a Windows code page; none when it is not known.
pub(super) fn code_page(number: i32) -> Option<&'static Encoding> {
    Some(match number {
        874 => WINDOWS_874,
        932 => SHIFT_JIS,
        936 => GBK,
        949 => EUC_KR,
        950 => BIG5,
        1250 => WINDOWS_1250,
        1251 => WINDOWS_1251,
        1252 => WINDOWS_1252,
        1253 => WINDOWS_1253,
        1254 => WINDOWS_1254,
        1255 => WINDOWS_1255,
        1256 => WINDOWS_1256,
        1257 => WINDOWS_1257,
        1258 => WINDOWS_1258,
        10_000 => MACINTOSH,
        10_007 => X_MAC_CYRILLIC,
        65_001 => UTF_8,
        _ => return None,
    })
}

/// The encoding that fonts of a character set have; none when it is that of the document.
pub(super) fn charset(number: i32) -> Option<&'static Encoding> {
    code_page(match number {
        77 => 10_000,
        128 => 932,
        129 => 949,
        134 => 936,
        136 => 950,
        161 => 1253,
        162 => 1254,
        163 => 1258,
        177 => 1255,
        178 => 1256,
        186 => 1257,
        204 => 1251,
        222 => 874,
        238 => 1250,
        _ => return None,
    })
}

/// Whether this byte begins a character of two bytes.
pub(super) fn is_lead(encoding: &'static Encoding, byte: u8) -> bool {
    if encoding == SHIFT_JIS {
        matches!(byte, 0x81..=0x9f | 0xe0..=0xfc)
    } else {
        [GBK, EUC_KR, BIG5].contains(&encoding) && matches!(byte, 0x81..=0xfe)
    }
}
