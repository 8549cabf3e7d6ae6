"""Why a process ended: events and statements → deaths → what is known of each → rules → a verdict."""
