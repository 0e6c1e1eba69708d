"""Names that the domain, the rules and the code share: spelt once, here."""

TOPIC_PREFIX = "faq_"
OUT_OF_SCOPE = "out_of_scope"
ANSWER_PREFIX = "utter_faq_"

UTTER_MORE_DETAIL = "utter_more_detail"
UTTER_NO_MORE_DETAIL = "utter_no_more_detail"
UTTER_ASK_SOURCE = "utter_ask_source"
UTTER_SOURCES = "utter_sources"
UTTER_NOTE_BOT = "utter_note_bot"
UTTER_NOTE_HEALTH = "utter_note_health"
UTTER_SAFETY_DISCLAIMER = "utter_safety_disclaimer"

ACTION_SAFETY_DISCLAIMER = "action_safety_disclaimer"
SLOT_DISCLAIMER_GIVEN = "disclaimer_given"
