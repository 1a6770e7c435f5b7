"""The authoring kit: a new pack, what packs and rules say of themselves, a quick try on many trees."""
