# What can be switched on beside the request path.

# Mini App: routes for the page in the bot's folder app/, and the removal of its menu button.

locals {
  mini_app_url         = "${aws_apigatewayv2_api.this.api_endpoint}/app/index.html"
  mini_app_environment = { for _ in var.mini_app[*] : "MINI_APP_URL" => local.mini_app_url }
  menu_button          = { for text in var.mini_app[*] : "menu_button" => { text = text, url = local.mini_app_url } }
}

resource "aws_apigatewayv2_route" "mini_app" {
  # AWS refuses a route that ends in a slash; the last one matches /app/, too.
  for_each = toset(var.mini_app == null ? [] : ["/app", "/app/{proxy+}"])

  api_id    = aws_apigatewayv2_api.this.id
  route_key = "ANY ${each.value}"
  target    = "integrations/${aws_apigatewayv2_integration.function.id}"
}

resource "aws_lambda_permission" "mini_app" {
  for_each = toset(var.mini_app == null ? [] : ["/app", "/app/*"])

  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this.arn
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*/*${each.value}"
}

# Like the removal of the webhook, it does nothing until it is destroyed, as when mini_app becomes
# null, or replaced. The registration of the webhook sets the button.
resource "aws_lambda_invocation" "menu_button_removal" {
  count = length(var.mini_app[*])

  function_name   = aws_lambda_function.this.function_name
  lifecycle_scope = "CRUD"

  input = jsonencode({ url = local.mini_app_url, is = "menu button" })

  triggers = aws_lambda_invocation.removal.triggers
}
