"""The lab's secrets: their values, where they must not be, and hiding them from what is shown."""
