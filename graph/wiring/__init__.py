"""The composition root: settings become adapters, adapters become a service. The only room that names providers."""
