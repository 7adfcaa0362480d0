//! The codes of everything that can be wrong with a definition. A code is never given to another problem.

/// The text is not JSON.
pub(super) const NOT_JSON: &str = "E0001";
/// The text is longer than a definition may be.
pub(super) const TOO_LARGE: &str = "E0002";
/// A value has another JSON type than its field asks for.
pub(super) const WRONG_TYPE: &str = "E0003";
/// A required field is missing.
pub(super) const MISSING_FIELD: &str = "E0004";
/// No field of the Amazon States Language has this name.
pub(super) const UNKNOWN_FIELD: &str = "E0005";
/// The field exists, but not here.
pub(super) const MISPLACED_FIELD: &str = "E0006";
/// An array, object or string that must not be empty.
pub(super) const EMPTY: &str = "E0007";
/// A number outside its range.
pub(super) const OUT_OF_RANGE: &str = "E0008";
/// Not one of the words that the field knows.
pub(super) const UNKNOWN_WORD: &str = "E0009";
/// Two fields that exclude each other.
pub(super) const EXCLUSIVE_FIELDS: &str = "E0010";
/// States or choice rules nested too deeply.
pub(super) const TOO_DEEP: &str = "E0011";
/// A name that occurs twice in one object.
pub(super) const DUPLICATE_FIELD: &str = "E0012";

/// A state name that is empty or too long.
pub(super) const STATE_NAME: &str = "E0101";
/// Two states of the machine with the same name.
pub(super) const DUPLICATE_STATE_NAME: &str = "E0102";
/// Neither `Next` nor `"End": true`.
pub(super) const NO_TRANSITION: &str = "E0103";
/// Nothing leads to the state.
pub(super) const UNREACHABLE_STATE: &str = "E0106";
/// A target that is no state of the same scope.
pub(super) const UNKNOWN_STATE: &str = "E0107";
/// A scope that can never end.
pub(super) const NO_TERMINAL_STATE: &str = "E0108";
/// AWS's name for it.
pub(super) const MISSING_END_STATE: &str = "MISSING_END_STATE";

/// A path that does not parse.
pub(super) const INVALID_PATH: &str = "E0201";
/// A path that may name several nodes where exactly one is asked for.
pub(super) const NOT_A_REFERENCE_PATH: &str = "E0202";
/// A field of a payload template that is neither path nor intrinsic call.
pub(super) const INVALID_TEMPLATE: &str = "E0203";
/// A timestamp that is not RFC 3339.
pub(super) const INVALID_TIMESTAMP: &str = "E0204";
/// An intrinsic call that does not yield a string.
pub(super) const NOT_A_STRING_FUNCTION: &str = "E0205";

/// `States.ALL` beside other names.
pub(super) const ALL_NOT_ALONE: &str = "E0301";
/// `States.ALL` before the last retrier or catcher.
pub(super) const ALL_NOT_LAST: &str = "E0302";

/// A data test without an operator, or with several.
pub(super) const OPERATORS: &str = "E0401";
/// `Next` or `Assign` in a nested rule.
pub(super) const NESTED_RULE_FIELD: &str = "E0402";
/// An operand that does not suit its operator.
pub(super) const INVALID_OPERAND: &str = "E0403";

/// A heartbeat that is not shorter than the timeout.
pub(super) const HEARTBEAT: &str = "E0501";
/// A resource that nothing can answer.
pub(super) const INVALID_RESOURCE: &str = "E0502";
/// A label of a distributed Map that AWS would not take.
pub(super) const LABEL: &str = "E0504";
/// A way of calling that Express workflows do not have.
pub(super) const NOT_EXPRESS: &str = "E0503";

/// A text between `{%` and `%}` that is no JSONata expression.
pub(super) const INVALID_QUERY: &str = "E0601";
/// A JSONata expression that refers to something that is not there.
pub(super) const UNSUPPORTED_QUERY: &str = "E0602";
/// A JSONata state in a machine that is JSONPath's, or the other way round.
pub(super) const QUERY_LANGUAGE: &str = "E0603";

/// A variable's name that is none.
pub(super) const VARIABLE_NAME: &str = "E0701";
/// A variable that an enclosing scope assigns, too.
pub(super) const SHADOWED_VARIABLE: &str = "E0702";

/// Express workflows have no distributed Map.
pub(super) const DISTRIBUTED_MAP: &str = "E0903";
/// A field of the other query language.
pub(super) const FIELD_OF_OTHER_LANGUAGE: &str = "E0904";

/// A value that looks like a path, under a name without `.$`.
pub(super) const NO_DOLLAR: &str = "W0001";
/// A path in the `Result` of a Pass, which is literal.
pub(super) const STATIC_RESULT: &str = "W0002";
/// A name that starts with `States.` but is none of AWS's.
pub(super) const UNKNOWN_ERROR_NAME: &str = "W0003";
/// A retrier or catcher that can never match.
pub(super) const UNREACHABLE_ENTRY: &str = "W0004";
/// A retrier or catcher for an error that is never retried or caught.
pub(super) const NEVER_CAUGHT: &str = "W0005";

/// A task that waits for its answer as long as the execution lasts.
pub(super) const NO_TIMEOUT: &str = "W0006";

/// AWS's code for a problem of ours, where its words are not known.
pub(super) fn of_aws(code: &str) -> &'static str {
    match code {
        NOT_JSON => "INVALID_JSON_DESCRIPTION",
        STATE_NAME => "INVALID_STATE_NAME",
        DUPLICATE_STATE_NAME => "DUPLICATE_STATE_NAME",
        TOO_DEEP => "TOO_DEEPLY_NESTED",
        LABEL => "INVALID_LABEL_NAME",
        _ => "SCHEMA_VALIDATION_FAILED",
    }
}
