# Mini App: routes to the page in the bot's folder app/, and the menu button that opens it.

locals {
  mini_app_url = "${aws_apigatewayv2_api.this.api_endpoint}/app/index.html"

  mini_app_environment = var.mini_app == null ? {} : { MINI_APP_URL = local.mini_app_url }

  # The registration sets the button. It waits for remove_menu_button, so that no button is set before the page can be
  # reached, or that nothing would remove later.
  menu_button         = var.mini_app == null ? {} : { menu_button = { text = var.mini_app, url = local.mini_app_url } }
  menu_button_removal = one(aws_lambda_invocation.remove_menu_button[*].result)
}

resource "aws_apigatewayv2_route" "mini_app" {
  count = var.mini_app == null ? 0 : 1

  api_id    = aws_apigatewayv2_api.this.id
  route_key = "ANY /app/{proxy+}"
  target    = "integrations/${aws_apigatewayv2_integration.function.id}"
}

# Like aws_lambda_invocation.deregister_webhook, it does nothing until it is destroyed, for example when mini_app
# becomes null.
resource "aws_lambda_invocation" "remove_menu_button" {
  count = var.mini_app == null ? 0 : 1

  function_name   = aws_lambda_function.this.function_name
  qualifier       = aws_lambda_alias.live.name
  lifecycle_scope = "CRUD"

  input = jsonencode({ url = local.mini_app_url, hook = "remove_menu_button" })

  depends_on = [aws_apigatewayv2_route.mini_app, aws_lambda_permission.this]
}
