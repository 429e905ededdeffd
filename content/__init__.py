"""Everything people read or an expert writes: sentences, questionnaires, competences, lessons."""
