"""The same work in what somebody would pick instead."""
