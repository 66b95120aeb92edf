"""What all stages share: settings, errors, the warehouse's door and the terminal."""
