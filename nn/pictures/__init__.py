"""Pictures of networks, decision boundaries and confusion matrices."""
