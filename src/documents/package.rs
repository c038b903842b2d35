//! Packages: ZIP archives of XML parts, as office programs and books have them.
