"""Names that the domain, the rules and the code share: spelt once, here."""

# In the metadata of a person's message: the id that its sender gave it, and what it looks like to
# them, which of a button is its title.
CLIENT_ID, SHOWN = "client_id", "shown"
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
# About a person to see, and the clinic.
FIND_PRACTITIONER = "find_practitioner"
REQUEST_REFERRAL = "request_referral"
DELETE_MY_DATA = "delete_my_data"
# In the parse result: the questions of a message, in order.
TOPICS = "topics"
ANSWER_PREFIX = "utter_faq_"
UTTER_COST = "utter_faq_cost"
# Answers, too, though not on acupuncture.
UTTER_FIND_PRACTITIONER = "utter_find_practitioner"
UTTER_BOOK_APPOINTMENT = "utter_book_appointment"
UTTER_OPENING_HOURS = "utter_opening_hours_contact"
CLINIC_ANSWERS = (UTTER_FIND_PRACTITIONER, UTTER_BOOK_APPOINTMENT, UTTER_OPENING_HOURS)
# What they are with a clinic.yml; said in their place.
UTTER_CLINIC_BOOKING = "utter_clinic_booking"
UTTER_CLINIC_CONTACT = "utter_clinic_contact"
UTTER_CLINIC_PRICES = "utter_clinic_prices"
# What action_refer_practitioner says: questions for the place, and answers.
ASK_PREFIX = "utter_ask_"
UTTER_ASK_PLACE = "utter_ask_place"
UTTER_ASK_PLACE_AGAIN = "utter_ask_place_again"
ASK_PART_PREFIX = "utter_ask_part"  # with "_US" and so on: of which country
UTTER_WHICH_PLACE = "utter_which_place"
UTTER_REFER = "utter_refer"
UTTER_PRACTITIONERS = "utter_practitioners"
UTTER_NO_PRACTITIONERS = "utter_no_practitioners"
# Licences are given by the parts of these countries, so the country alone is not enough.
HAVE_PARTS = ("US", "CA", "GB")
ASKS_PLACE = (
    UTTER_ASK_PLACE,
    UTTER_ASK_PLACE_AGAIN,
    UTTER_WHICH_PLACE,
    *(f"{ASK_PART_PREFIX}_{country}" for country in HAVE_PARTS),
)
REFERRAL_ANSWERS = (*ASKS_PLACE, UTTER_REFER, UTTER_PRACTITIONERS, UTTER_NO_PRACTITIONERS)
# What the form's actions say.
UTTER_ASK_REQUEST_NAME = "utter_ask_request_name"
UTTER_ASK_REQUEST_CONSENT = "utter_ask_request_consent"
UTTER_REQUEST_WHY = "utter_request_why"
UTTER_REQUEST_WHAT_TO_CHANGE = "utter_request_what_to_change"
UTTER_REQUEST_NAME_PROBLEM = "utter_request_name_problem"
UTTER_REQUEST_TIME_PROBLEM = "utter_request_time_problem"
UTTER_REQUEST_CONTACT_MISSING = "utter_request_contact_missing"
UTTER_REQUEST_CONTACT_NOT_VALID = "utter_request_contact_not_valid"
UTTER_REQUEST_CONTACT_AMBIGUOUS = "utter_request_contact_ambiguous"
UTTER_REQUEST_SENT = "utter_request_sent"
UTTER_REQUEST_KEPT = "utter_request_kept"
UTTER_REQUEST_CANCELLED = "utter_request_cancelled"
UTTER_REQUEST_TROUBLE = "utter_request_trouble"
UTTER_DATA_DELETED = "utter_data_deleted"
UTTER_DATA_DELETED_CLINIC_TOLD = "utter_data_deleted_clinic_told"
UTTER_NO_DATA = "utter_no_data"
UTTER_DELETE_TROUBLE = "utter_delete_trouble"
# What action_delete_my_data says when it has deleted all that there was; see tells_deletion.
DATA_DELETED = (UTTER_DATA_DELETED, UTTER_DATA_DELETED_CLINIC_TOLD, UTTER_NO_DATA)

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
UTTER_NOTHING_BEFORE = "utter_nothing_before"
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
    UTTER_NOTHING_BEFORE,
    UTTER_GO_ON,
    UTTER_CAUTION_NOTED,
    UTTER_MEMORY,
    UTTER_NO_MEMORY,
    UTTER_FORGOTTEN,
)

ACTION_LISTEN = "action_listen"
ACTION_SESSION_START = "action_session_start"
ACTION_DEACTIVATE_LOOP = "action_deactivate_loop"
# Custom actions, and the slot that each sets when it has spoken; see backups.
ACTION_SAFETY_DISCLAIMER = "action_safety_disclaimer"
SLOT_DISCLAIMER_GIVEN = "disclaimer_given"
ACTION_REFER_PRACTITIONER = "action_refer_practitioner"
SLOT_REFERRAL_GIVEN = "referral_given"
ACTION_SUBMIT_REQUEST = "action_submit_referral_request"
SLOT_REQUEST_HANDLED = "request_handled"
ACTION_DELETE_MY_DATA = "action_delete_my_data"
SLOT_DATA_DELETED = "data_deleted"
# Of each such action, the slot, and what is said in its place where it stays false: the action
# server may be down or slow. The rules say the same.
BACKUPS = {
    ACTION_SAFETY_DISCLAIMER: (SLOT_DISCLAIMER_GIVEN, UTTER_SAFETY_DISCLAIMER),
    ACTION_REFER_PRACTITIONER: (SLOT_REFERRAL_GIVEN, UTTER_FIND_PRACTITIONER),
    ACTION_SUBMIT_REQUEST: (SLOT_REQUEST_HANDLED, UTTER_REQUEST_TROUBLE),
    ACTION_DELETE_MY_DATA: (SLOT_DATA_DELETED, UTTER_DELETE_TROUBLE),
}
FORM_REQUEST = "referral_request_form"
# How the names of what it says begin.
FORM_PREFIXES = ("utter_ask_request", "utter_request")
VALIDATE_REQUEST = "validate_referral_request_form"
SLOT_REQUEST_NAME = "request_name"
SLOT_REQUEST_CONTACT = "request_contact"
SLOT_REQUEST_TIME = "request_time"
SLOT_REQUEST_CONSENT = "request_consent"
SLOT_REQUEST_CONFIRMED = "request_confirmed"
REQUEST_SLOTS = (
    SLOT_REQUEST_NAME,
    SLOT_REQUEST_CONTACT,
    SLOT_REQUEST_TIME,
    SLOT_REQUEST_CONSENT,
    SLOT_REQUEST_CONFIRMED,
)
# Where the person is, and whom they wish to see.
SLOT_PLACE = "place"
SLOT_WISHES = "wishes"
# Of one caution each, as caution_pregnancy; filled when the person says that they have it.
SLOT_CAUTION_PREFIX = "caution_"
SLOT_COUNTRY = "country"
SLOT_URGENCY = "urgency"
