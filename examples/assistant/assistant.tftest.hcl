# What the bot may do, at plan: ask a model of Bedrock, or read the key of another address.

mock_provider "aws" {}

override_module {
  target = module.telegram_bot
  outputs = {
    logs_command = "mock"
    webhook_url  = "mock"
  }
}

run "bedrock_has_the_model" {
  command = plan

  assert {
    condition     = local.statement.Action == "bedrock:InvokeModelWithResponseStream"
    error_message = "The bot may ask a model of Bedrock."
  }
}

run "another_address_needs_a_key" {
  command = plan

  variables {
    model     = "a-model"
    model_url = "https://api.example.com/v1/messages"
  }

  assert {
    condition     = local.statement.Action == "ssm:GetParameter"
    error_message = "The bot may read the key, and ask no model of Bedrock."
  }
}

run "an_address_tells_the_form" {
  command = plan

  variables {
    model_url = "https://api.example.com/v1/responses"
  }

  expect_failures = [var.model_url]
}
