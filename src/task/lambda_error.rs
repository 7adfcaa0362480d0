//! Error names of Lambda, as the retriers of AWS's own examples know them.

pub(super) const SERVICE: &str = "Lambda.ServiceException";
pub(super) const TOO_MANY_REQUESTS: &str = "Lambda.TooManyRequestsException";
pub(super) const RESOURCE_NOT_FOUND: &str = "Lambda.ResourceNotFoundException";
/// Whatever else the service refuses.
pub(super) const AWS_LAMBDA: &str = "Lambda.AWSLambdaException";
/// No connection, or a broken one.
pub(super) const SDK_CLIENT: &str = "Lambda.SdkClientException";
