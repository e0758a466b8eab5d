"""The store says: stored webhooks become events and reach the gateway."""
