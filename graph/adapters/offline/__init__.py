"""The model that answers without a provider: no language model, rules and templates."""
