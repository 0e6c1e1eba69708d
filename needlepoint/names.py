"""Names that the domain, the rules and the code share: spelt once, here."""

TOPIC_PREFIX = "faq_"
OUT_OF_SCOPE = "out_of_scope"
# The entity that says what kind of subject is out of scope.
FAMILY = "family"
MEDICAL_ADVICE = "medical_advice"
CRISIS = "crisis"
REPORT_RED_FLAG = "report_red_flag"
# Whatever else a message asks, these come first.
URGENT_INTENTS = (CRISIS, REPORT_RED_FLAG)
# The person says what they have, and asks nothing.
TELL_CAUTION = "tell_caution"
# Manners around a question; with a question in the same message, the question counts.
SMALL_TALK = ("greet", "goodbye", "thanks", "affirm", "deny")
# Answers that say little: what a person tells about their health is worth more.
LOW_INTENTS = (*SMALL_TALK, OUT_OF_SCOPE, MEDICAL_ADVICE, "more_detail")
# About the conversation itself, not about anybody's health.
ABOUT_TALK = (
    *SMALL_TALK,
    "more_detail",
    "ask_source",
    "simpler",
    "go_back",
    "none_of_these",
    "help",
)
ASK_MEMORY = "ask_what_you_know"
FORGET = "forget_what_i_said"
# About what was said before.
GO_BACK = "go_back"
NONE_OF_THESE = "none_of_these"
FALLBACK = "nlu_fallback"
# In the parse result: the questions of a message, in order.
TOPICS = "topics"
ANSWER_PREFIX = "utter_faq_"
# Answers, too, though not on acupuncture.
CLINIC_ANSWERS = (
    "utter_find_practitioner",
    "utter_book_appointment",
    "utter_opening_hours_contact",
)

UTTER_MORE_DETAIL = "utter_more_detail"
UTTER_NO_MORE_DETAIL = "utter_no_more_detail"
UTTER_ASK_SOURCE = "utter_ask_source"
UTTER_SOURCES = "utter_sources"
UTTER_NOTE_BOT = "utter_note_bot"
UTTER_NOTE_HEALTH = "utter_note_health"
UTTER_NOTE_CAUTION = "utter_note_caution"
UTTER_SAFETY_DISCLAIMER = "utter_safety_disclaimer"
UTTER_RED_FLAG = "utter_red_flag"
UTTER_CRISIS = "utter_crisis"
UTTER_GO_ON = "utter_go_on"
UTTER_CAUTION_NOTED = "utter_caution_noted"
UTTER_NOT_UNDERSTOOD = "utter_not_understood"
UTTER_NOTHING_LIKELY = "utter_nothing_likely"
UTTER_NOT_UNDERSTOOD_AGAIN = "utter_not_understood_again"
UTTER_WHICH = "utter_which"
UTTER_MORE_QUESTIONS = "utter_more_questions"
UTTER_SIMPLER = "utter_simpler"
UTTER_AGAIN = "utter_again"
UTTER_MEMORY = "utter_memory"
UTTER_NO_MEMORY = "utter_no_memory"
UTTER_FORGOTTEN = "utter_forgotten"

# One line before later answers; with "_" and the urgency that was reported.
REMINDER_PREFIX = "utter_reminder"

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
    UTTER_NOT_UNDERSTOOD,
    UTTER_NOT_UNDERSTOOD_AGAIN,
    UTTER_WHICH,
    UTTER_MORE_QUESTIONS,
    UTTER_SIMPLER,
    "utter_nothing_before",
    UTTER_GO_ON,
    UTTER_CAUTION_NOTED,
    UTTER_MEMORY,
    UTTER_NO_MEMORY,
    UTTER_FORGOTTEN,
)

ACTION_LISTEN = "action_listen"
ACTION_SESSION_START = "action_session_start"
ACTION_SAFETY_DISCLAIMER = "action_safety_disclaimer"
SLOT_DISCLAIMER_GIVEN = "disclaimer_given"
# Of one caution each, as caution_pregnancy; filled when the person says that they have it.
SLOT_CAUTION_PREFIX = "caution_"
SLOT_COUNTRY = "country"
SLOT_URGENCY = "urgency"
