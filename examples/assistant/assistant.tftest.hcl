# What the bot may do, at plan: read the key of an address, or ask a model of Bedrock.

mock_provider "aws" {}

override_module {
  target = module.telegram_bot
  outputs = {
    logs_command = "mock"
    webhook_url  = "mock"
  }
}

variables {
  model = "global.amazon.nova-2-lite-v1:0"
}

run "an_address_needs_a_key" {
  command = plan

  assert {
    condition     = local.statement.Action == "ssm:GetParameter"
    error_message = "The bot may read the key, and ask no model of Bedrock."
  }
}

run "bedrock_has_the_model" {
  command = plan

  variables {
    model_url = ""
  }

  assert {
    condition = local.statement.Resource == tolist([
      "arn:aws:bedrock:*:*:inference-profile/global.amazon.nova-2-lite-v1:0",
      "arn:aws:bedrock:*::foundation-model/amazon.nova-2-lite-v1:0",
    ])
    error_message = "The bot may ask this model of Bedrock, and read no key."
  }
}
