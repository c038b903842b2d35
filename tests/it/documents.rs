//! Documents: their text, whoever made them, and what they can do to the server, which is nothing.

/// Documents of many programs, each with the text that is expected of it.
mod corpus;
/// The process that reads a document.
mod extractor;
/// Documents made to do harm, and damaged ones.
mod hostile;
