//! The fields of a distributed Map. Express workflows have none; for Standard ones they are checked, not kept.

use super::super::codes;
use super::super::fields::Fields;
use super::super::parse::WorkflowType;
use super::super::query_language::QueryLanguage;
use super::super::reader::{Node, Reader, schema};
use super::super::syntax;
use super::map::COUNT;
use crate::expr::QueryPlace;

const FIELDS: [&str; 8] = [
    "ItemBatcher",
    "ItemReader",
    "Label",
    "ResultWriter",
    "ToleratedFailureCount",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
];

/// Most bytes of a batch.
const MAX_BATCH_BYTES: u64 = 262_144;

/// Longest `Label`, in characters.
const MAX_LABEL: usize = 40;

/// Refuses or checks the fields that only a distributed Map has.
pub(super) fn check(fields: &mut Fields<'_, '_>) {
    if fields.reader.workflow_type == WorkflowType::Express {
        FIELDS.iter().for_each(|name| refuse(fields, name));
        return;
    }
    check_label(fields);
    read(fields, "ItemReader", check_item_reader);
    read(fields, "ItemBatcher", check_item_batcher);
    read(fields, "ResultWriter", check_result_writer);
    number(
        fields,
        ["ToleratedFailureCount", "ToleratedFailureCountPath"],
    );
    number(
        fields,
        [
            "ToleratedFailurePercentage",
            "ToleratedFailurePercentagePath",
        ],
    );
}

fn refuse(fields: &mut Fields<'_, '_>, name: &'static str) {
    if fields.take(name).is_some()
        && let Some(key) = fields.key(name)
    {
        let message =
            format!("'{name}' belongs to a distributed Map, which Express workflows do not have");
        fields.reader.error(&key, codes::DISTRIBUTED_MAP, message);
    }
}

/// A number, a path to one, or in JSONata an expression.
fn number(fields: &mut Fields<'_, '_>, names: [&'static str; 2]) {
    let literal = |reader: &mut Reader<'_>, node: &Node| reader.integer(node, COUNT);
    fields.literal_or_path(names, literal, syntax::reference_path);
}

fn check_label(fields: &mut Fields<'_, '_>) {
    let Some(node) = fields.take("Label") else {
        return;
    };
    let Some(label) = fields.reader.string(&node) else {
        return;
    };
    let length = label.chars().count();
    let is_bad =
        |c: char| c.is_whitespace() || c.is_control() || "?*<>{}[]:;,\\|^~$#%&`\"".contains(c);
    let message = if !(1..=MAX_LABEL).contains(&length) {
        format!("a label has 1 to {MAX_LABEL} characters, not {length}")
    } else if let Some(bad) = label.chars().find(|c| is_bad(*c)) {
        format!("a label may not have {bad:?} in it")
    } else {
        return;
    };
    fields.reader.error(&node, codes::LABEL, message);
}

/// An object of the Map with fields of its own.
fn read(fields: &mut Fields<'_, '_>, name: &'static str, check: fn(&mut Fields<'_, '_>)) {
    let Some(node) = fields.take(name) else {
        return;
    };
    let owner = format!("an {name}");
    if let Some(mut inner) = Fields::of(fields.reader, &node, owner) {
        check(&mut inner);
        inner.finish();
    }
}

/// `Parameters` or `Arguments`.
fn payload(fields: &mut Fields<'_, '_>) -> bool {
    fields.payload().is_some()
}

fn check_item_reader(fields: &mut Fields<'_, '_>) {
    fields.required_string("Resource");
    payload(fields);
    read(fields, "ReaderConfig", |config| {
        for (name, words) in [
            (
                "InputType",
                &["JSON", "JSONL", "CSV", "PARQUET", "MANIFEST"][..],
            ),
            ("CSVHeaderLocation", &["FIRST_ROW", "GIVEN"]),
            (
                "CSVDelimiter",
                &["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"],
            ),
            ("ManifestType", &["ATHENA_DATA", "S3_INVENTORY"]),
            ("Transformation", &["NONE", "LOAD_AND_FLATTEN"]),
        ] {
            if let Some(node) = config.take(name) {
                config.reader.word(&node, words);
            }
        }
        if let Some(headers) = config.take("CSVHeaders") {
            for header in config.reader.elements(&headers) {
                config.reader.string(&header);
            }
        }
        config.string("ItemsPointer");
        number(config, ["MaxItems", "MaxItemsPath"]);
    });
}

fn check_item_batcher(fields: &mut Fields<'_, '_>) {
    match fields.language {
        QueryLanguage::JsonPath => fields.template("BatchInput"),
        QueryLanguage::Jsonata => fields.value("BatchInput", QueryPlace::Before),
    };
    number(fields, ["MaxItemsPerBatch", "MaxItemsPerBatchPath"]);
    let literal = |reader: &mut Reader<'_>, node: &Node| reader.integer(node, 1..=MAX_BATCH_BYTES);
    let names = ["MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"];
    fields.literal_or_path(names, literal, syntax::reference_path);
}

fn check_result_writer(fields: &mut Fields<'_, '_>) {
    let resource = fields.string("Resource");
    let has_payload = payload(fields);
    let has_config = fields.take("WriterConfig").is_some();
    if !has_config && (resource.is_none() || !has_payload) {
        let message = "a ResultWriter needs 'WriterConfig', or 'Resource' with its parameters";
        let refusal = schema(message, &fields.node.location);
        fields
            .reader
            .refuse(&fields.node, codes::MISSING_FIELD, message, None, refusal);
    }
    read(fields, "WriterConfig", |config| {
        for (name, words) in [
            ("OutputType", &["JSON", "JSONL"][..]),
            ("Transformation", &["NONE", "COMPACT", "FLATTEN"]),
        ] {
            if let Some(node) = config.require(name) {
                config.reader.word(&node, words);
            }
        }
    });
}
