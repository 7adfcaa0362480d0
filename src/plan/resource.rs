//! What a Task calls.

/// One entry of the plan's table of resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// `Resource` as written.
    pub text: String,
    /// `FunctionName` of the Parameters, where it is written down and the resource is `lambda:invoke`.
    pub function_name: Option<String>,
    is_lambda_function: bool,
    service: String,
}

impl Resource {
    pub(super) fn new(text: &str, function_name: Option<String>) -> Resource {
        Resource {
            text: text.to_string(),
            function_name,
            is_lambda_function: is_lambda_function(text),
            service: service(text).to_string(),
        }
    }

    /// A function called by its own ARN, with history events of its own (`LambdaFunctionScheduled`, …).
    pub fn is_lambda_function(&self) -> bool {
        self.is_lambda_function
    }

    /// The name by which AWS calls the task in a `States.DataLimitExceeded`: the service of an integration
    /// (`lambda` of `arn:aws:states:::lambda:invoke`), otherwise the whole text.
    pub fn service(&self) -> &str {
        &self.service
    }
}

fn is_lambda_function(text: &str) -> bool {
    let mut fields = text.split(':');
    fields.next() == Some("arn")
        && fields.nth(1) == Some("lambda")
        && fields.nth(2) == Some("function")
}

/// What [`Resource::service`] is of this text.
pub fn service(text: &str) -> &str {
    let Some((_, integration)) = text.split_once(":states:::") else {
        return text;
    };
    match integration.rsplit_once(':') {
        Some((service, _action)) => service,
        None => integration,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, lambda: bool, service: &str) {
        let resource = Resource::new(text, None);
        assert_eq!(resource.is_lambda_function(), lambda);
        assert_eq!(resource.service(), service);
    }

    #[test]
    fn resources_are_told_apart() {
        let function = "arn:aws:lambda:eu-west-1:111122223333:function:price";
        check(function, true, function);
        check("arn:aws:states:::lambda:invoke", false, "lambda");
        check("arn:aws:states:::aws-sdk:s3:getObject", false, "aws-sdk:s3");
        check("local:price", false, "local:price");
    }
}
