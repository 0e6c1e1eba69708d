"""Names that the domain, the rules and the code share: spelt once, here."""

TOPIC_PREFIX = "faq_"
OUT_OF_SCOPE = "out_of_scope"
# Whatever else a message asks, these come first.
URGENT_INTENTS = ("crisis", "report_red_flag")
# Manners around a question; with a question in the same message, the question counts.
SMALL_TALK = ("greet", "goodbye", "thanks", "affirm", "deny")
ANSWER_PREFIX = "utter_faq_"

UTTER_MORE_DETAIL = "utter_more_detail"
UTTER_NO_MORE_DETAIL = "utter_no_more_detail"
UTTER_ASK_SOURCE = "utter_ask_source"
UTTER_SOURCES = "utter_sources"
UTTER_NOTE_BOT = "utter_note_bot"
UTTER_NOTE_HEALTH = "utter_note_health"
UTTER_SAFETY_DISCLAIMER = "utter_safety_disclaimer"

# Said between an answer and a question about it, without a new subject.
SAME_SUBJECT = (
    UTTER_MORE_DETAIL,
    UTTER_NO_MORE_DETAIL,
    UTTER_ASK_SOURCE,
    "utter_greet",
    "utter_thanks",
    "utter_affirm",
    "utter_deny",
    "utter_help",
    "utter_bot_challenge",
    "utter_not_understood",
)

ACTION_SAFETY_DISCLAIMER = "action_safety_disclaimer"
SLOT_DISCLAIMER_GIVEN = "disclaimer_given"
