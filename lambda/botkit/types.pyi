"""The objects and the calls of the Bot API, for editors and type checkers.

Written by scripts/dev update-bot-api for Bot API 10.4, from the stand-in's bot_api.json.
"""

from typing import Any as Any
from typing import Literal, NotRequired, TypedDict

from typing_extensions import ReadOnly

Json = dict[str, Any]
"""An object of JSON, where no type of this file is known."""

InputFile = bytes | tuple[str, bytes]
"""The content of a file, or its name and content: https://core.telegram.org/bots/api#sending-files"""

class AcceptedGiftTypes(TypedDict):
    unlimited_gifts: bool
    limited_gifts: bool
    unique_gifts: bool
    premium_subscription: bool
    gifts_from_channels: bool

class AffiliateInfo(TypedDict):
    commission_per_mille: int
    amount: int
    affiliate_user: NotRequired[User]
    affiliate_chat: NotRequired[Chat]
    nanostar_amount: NotRequired[int]

class Animation(TypedDict):
    file_id: str
    file_unique_id: str
    width: int
    height: int
    duration: int
    thumbnail: NotRequired[PhotoSize]
    file_name: NotRequired[str]
    mime_type: NotRequired[str]
    file_size: NotRequired[int]

class Audio(TypedDict):
    file_id: str
    file_unique_id: str
    duration: int
    performer: NotRequired[str]
    title: NotRequired[str]
    file_name: NotRequired[str]
    mime_type: NotRequired[str]
    file_size: NotRequired[int]
    thumbnail: NotRequired[PhotoSize]

BackgroundFill = BackgroundFillSolid | BackgroundFillGradient | BackgroundFillFreeformGradient

class BackgroundFillFreeformGradient(TypedDict):
    type: Literal["freeform_gradient"]
    colors: list[int]

class BackgroundFillGradient(TypedDict):
    type: Literal["gradient"]
    top_color: int
    bottom_color: int
    rotation_angle: int

class BackgroundFillSolid(TypedDict):
    type: Literal["solid"]
    color: int

BackgroundType = (
    BackgroundTypeFill | BackgroundTypeWallpaper | BackgroundTypePattern | BackgroundTypeChatTheme
)

class BackgroundTypeChatTheme(TypedDict):
    type: Literal["chat_theme"]
    theme_name: str

class BackgroundTypeFill(TypedDict):
    type: Literal["fill"]
    fill: BackgroundFill
    dark_theme_dimming: int

class BackgroundTypePattern(TypedDict):
    type: Literal["pattern"]
    document: Document
    fill: BackgroundFill
    intensity: int
    is_inverted: NotRequired[bool]
    is_moving: NotRequired[bool]

class BackgroundTypeWallpaper(TypedDict):
    type: Literal["wallpaper"]
    document: Document
    dark_theme_dimming: int
    is_blurred: NotRequired[bool]
    is_moving: NotRequired[bool]

class Birthdate(TypedDict):
    day: int
    month: int
    year: NotRequired[int]

class BotAccessSettings(TypedDict):
    is_access_restricted: bool
    added_users: NotRequired[list[User]]

class BotCommand(TypedDict):
    command: str
    description: str
    is_ephemeral: NotRequired[bool]

BotCommandScope = (
    BotCommandScopeDefault
    | BotCommandScopeAllPrivateChats
    | BotCommandScopeAllGroupChats
    | BotCommandScopeAllChatAdministrators
    | BotCommandScopeChat
    | BotCommandScopeChatAdministrators
    | BotCommandScopeChatMember
)

class BotCommandScopeAllChatAdministrators(TypedDict):
    type: Literal["all_chat_administrators"]

class BotCommandScopeAllGroupChats(TypedDict):
    type: Literal["all_group_chats"]

class BotCommandScopeAllPrivateChats(TypedDict):
    type: Literal["all_private_chats"]

class BotCommandScopeChat(TypedDict):
    type: Literal["chat"]
    chat_id: int | str

class BotCommandScopeChatAdministrators(TypedDict):
    type: Literal["chat_administrators"]
    chat_id: int | str

class BotCommandScopeChatMember(TypedDict):
    type: Literal["chat_member"]
    chat_id: int | str
    user_id: int

class BotCommandScopeDefault(TypedDict):
    type: Literal["default"]

class BotDescription(TypedDict):
    description: str

class BotName(TypedDict):
    name: str

class BotShortDescription(TypedDict):
    short_description: str

class BotSubscriptionUpdated(TypedDict):
    user: User
    invoice_payload: str
    state: str

class BusinessBotRights(TypedDict):
    can_reply: NotRequired[bool]
    can_read_messages: NotRequired[bool]
    can_delete_sent_messages: NotRequired[bool]
    can_delete_all_messages: NotRequired[bool]
    can_edit_name: NotRequired[bool]
    can_edit_bio: NotRequired[bool]
    can_edit_profile_photo: NotRequired[bool]
    can_edit_username: NotRequired[bool]
    can_change_gift_settings: NotRequired[bool]
    can_view_gifts_and_stars: NotRequired[bool]
    can_convert_gifts_to_stars: NotRequired[bool]
    can_transfer_and_upgrade_gifts: NotRequired[bool]
    can_transfer_stars: NotRequired[bool]
    can_manage_stories: NotRequired[bool]

class BusinessConnection(TypedDict):
    id: str
    user: User
    user_chat_id: int
    date: int
    is_enabled: bool
    rights: NotRequired[BusinessBotRights]

class BusinessIntro(TypedDict):
    title: NotRequired[str]
    message: NotRequired[str]
    sticker: NotRequired[Sticker]

class BusinessLocation(TypedDict):
    address: str
    location: NotRequired[Location]

class BusinessMessagesDeleted(TypedDict):
    business_connection_id: str
    chat: Chat
    message_ids: list[int]

class BusinessOpeningHours(TypedDict):
    time_zone_name: str
    opening_hours: list[BusinessOpeningHoursInterval]

class BusinessOpeningHoursInterval(TypedDict):
    opening_minute: int
    closing_minute: int

class CallbackGame(TypedDict): ...

CallbackQuery = TypedDict(
    "CallbackQuery",
    {
        "id": str,
        "from": User,
        "chat_instance": str,
        "message": NotRequired[MaybeInaccessibleMessage],
        "inline_message_id": NotRequired[str],
        "data": NotRequired[str],
        "game_short_name": NotRequired[str],
    },
)

class Chat(TypedDict):
    id: int
    type: str
    title: NotRequired[str]
    username: NotRequired[str]
    first_name: NotRequired[str]
    last_name: NotRequired[str]
    is_forum: NotRequired[bool]
    is_direct_messages: NotRequired[bool]

class ChatAdministratorRights(TypedDict):
    is_anonymous: bool
    can_manage_chat: bool
    can_delete_messages: bool
    can_manage_video_chats: bool
    can_restrict_members: bool
    can_promote_members: bool
    can_change_info: bool
    can_invite_users: bool
    can_post_stories: bool
    can_edit_stories: bool
    can_delete_stories: bool
    can_send_welcome_messages: bool
    can_post_messages: NotRequired[bool]
    can_edit_messages: NotRequired[bool]
    can_pin_messages: NotRequired[bool]
    can_manage_topics: NotRequired[bool]
    can_manage_direct_messages: NotRequired[bool]
    can_manage_tags: NotRequired[bool]

class ChatBackground(TypedDict):
    type: BackgroundType

class ChatBoost(TypedDict):
    boost_id: str
    add_date: int
    expiration_date: int
    source: ChatBoostSource

class ChatBoostAdded(TypedDict):
    boost_count: int

class ChatBoostRemoved(TypedDict):
    chat: Chat
    boost_id: str
    remove_date: int
    source: ChatBoostSource

ChatBoostSource = ChatBoostSourcePremium | ChatBoostSourceGiftCode | ChatBoostSourceGiveaway

class ChatBoostSourceGiftCode(TypedDict):
    source: Literal["gift_code"]
    user: User

class ChatBoostSourceGiveaway(TypedDict):
    source: Literal["giveaway"]
    giveaway_message_id: int
    user: NotRequired[User]
    prize_star_count: NotRequired[int]
    is_unclaimed: NotRequired[bool]

class ChatBoostSourcePremium(TypedDict):
    source: Literal["premium"]
    user: User

class ChatBoostUpdated(TypedDict):
    chat: Chat
    boost: ChatBoost

class ChatFullInfo(TypedDict):
    id: int
    type: str
    accent_color_id: int
    max_reaction_count: int
    accepted_gift_types: AcceptedGiftTypes
    title: NotRequired[str]
    username: NotRequired[str]
    first_name: NotRequired[str]
    last_name: NotRequired[str]
    is_forum: NotRequired[bool]
    is_direct_messages: NotRequired[bool]
    photo: NotRequired[ChatPhoto]
    active_usernames: NotRequired[list[str]]
    birthdate: NotRequired[Birthdate]
    business_intro: NotRequired[BusinessIntro]
    business_location: NotRequired[BusinessLocation]
    business_opening_hours: NotRequired[BusinessOpeningHours]
    personal_chat: NotRequired[Chat]
    parent_chat: NotRequired[Chat]
    available_reactions: NotRequired[list[ReactionType]]
    background_custom_emoji_id: NotRequired[str]
    profile_accent_color_id: NotRequired[int]
    profile_background_custom_emoji_id: NotRequired[str]
    emoji_status_custom_emoji_id: NotRequired[str]
    emoji_status_expiration_date: NotRequired[int]
    bio: NotRequired[str]
    has_private_forwards: NotRequired[bool]
    has_restricted_voice_and_video_messages: NotRequired[bool]
    join_to_send_messages: NotRequired[bool]
    join_by_request: NotRequired[bool]
    description: NotRequired[str]
    invite_link: NotRequired[str]
    pinned_message: NotRequired[Message]
    permissions: NotRequired[ChatPermissions]
    can_send_paid_media: NotRequired[bool]
    slow_mode_delay: NotRequired[int]
    unrestrict_boost_count: NotRequired[int]
    message_auto_delete_time: NotRequired[int]
    has_aggressive_anti_spam_enabled: NotRequired[bool]
    has_hidden_members: NotRequired[bool]
    has_protected_content: NotRequired[bool]
    has_visible_history: NotRequired[bool]
    sticker_set_name: NotRequired[str]
    can_set_sticker_set: NotRequired[bool]
    custom_emoji_sticker_set_name: NotRequired[str]
    linked_chat_id: NotRequired[int]
    location: NotRequired[ChatLocation]
    rating: NotRequired[UserRating]
    first_profile_audio: NotRequired[Audio]
    unique_gift_colors: NotRequired[UniqueGiftColors]
    paid_message_star_count: NotRequired[int]
    guard_bot: NotRequired[User]
    community: NotRequired[Community]

class ChatInviteLink(TypedDict):
    invite_link: str
    creator: User
    creates_join_request: bool
    is_primary: bool
    is_revoked: bool
    name: NotRequired[str]
    expire_date: NotRequired[int]
    member_limit: NotRequired[int]
    pending_join_request_count: NotRequired[int]
    subscription_period: NotRequired[int]
    subscription_price: NotRequired[int]

ChatJoinRequest = TypedDict(
    "ChatJoinRequest",
    {
        "chat": Chat,
        "from": User,
        "user_chat_id": int,
        "date": int,
        "bio": NotRequired[str],
        "invite_link": NotRequired[ChatInviteLink],
        "query_id": NotRequired[str],
    },
)

class ChatLocation(TypedDict):
    location: Location
    address: str

ChatMember = (
    ChatMemberOwner
    | ChatMemberAdministrator
    | ChatMemberMember
    | ChatMemberRestricted
    | ChatMemberLeft
    | ChatMemberBanned
)

class ChatMemberAdministrator(TypedDict):
    status: Literal["administrator"]
    user: User
    can_be_edited: bool
    is_anonymous: bool
    can_manage_chat: bool
    can_delete_messages: bool
    can_manage_video_chats: bool
    can_restrict_members: bool
    can_promote_members: bool
    can_change_info: bool
    can_invite_users: bool
    can_post_stories: bool
    can_edit_stories: bool
    can_delete_stories: bool
    can_send_welcome_messages: bool
    can_post_messages: NotRequired[bool]
    can_edit_messages: NotRequired[bool]
    can_pin_messages: NotRequired[bool]
    can_manage_topics: NotRequired[bool]
    can_manage_direct_messages: NotRequired[bool]
    can_manage_tags: NotRequired[bool]
    custom_title: NotRequired[str]

class ChatMemberBanned(TypedDict):
    status: Literal["kicked"]
    user: User
    until_date: int

class ChatMemberLeft(TypedDict):
    status: Literal["left"]
    user: User

class ChatMemberMember(TypedDict):
    status: Literal["member"]
    user: User
    tag: NotRequired[str]
    until_date: NotRequired[int]

class ChatMemberOwner(TypedDict):
    status: Literal["creator"]
    user: User
    is_anonymous: bool
    custom_title: NotRequired[str]

class ChatMemberRestricted(TypedDict):
    status: Literal["restricted"]
    user: User
    is_member: bool
    can_send_messages: bool
    can_send_audios: bool
    can_send_documents: bool
    can_send_photos: bool
    can_send_videos: bool
    can_send_video_notes: bool
    can_send_voice_notes: bool
    can_send_polls: bool
    can_send_other_messages: bool
    can_add_web_page_previews: bool
    can_react_to_messages: bool
    can_edit_tag: bool
    can_change_info: bool
    can_invite_users: bool
    can_pin_messages: bool
    can_manage_topics: bool
    until_date: int
    tag: NotRequired[str]

ChatMemberUpdated = TypedDict(
    "ChatMemberUpdated",
    {
        "chat": Chat,
        "from": User,
        "date": int,
        "old_chat_member": ChatMember,
        "new_chat_member": ChatMember,
        "invite_link": NotRequired[ChatInviteLink],
        "via_join_request": NotRequired[bool],
        "via_chat_folder_invite_link": NotRequired[bool],
    },
)

class ChatOwnerChanged(TypedDict):
    new_owner: User

class ChatOwnerLeft(TypedDict):
    new_owner: NotRequired[User]

class ChatPermissions(TypedDict):
    can_send_messages: NotRequired[bool]
    can_send_audios: NotRequired[bool]
    can_send_documents: NotRequired[bool]
    can_send_photos: NotRequired[bool]
    can_send_videos: NotRequired[bool]
    can_send_video_notes: NotRequired[bool]
    can_send_voice_notes: NotRequired[bool]
    can_send_polls: NotRequired[bool]
    can_send_other_messages: NotRequired[bool]
    can_add_web_page_previews: NotRequired[bool]
    can_react_to_messages: NotRequired[bool]
    can_edit_tag: NotRequired[bool]
    can_change_info: NotRequired[bool]
    can_invite_users: NotRequired[bool]
    can_pin_messages: NotRequired[bool]
    can_manage_topics: NotRequired[bool]

class ChatPhoto(TypedDict):
    small_file_id: str
    small_file_unique_id: str
    big_file_id: str
    big_file_unique_id: str

class ChatShared(TypedDict):
    request_id: int
    chat_id: int
    title: NotRequired[str]
    username: NotRequired[str]
    photo: NotRequired[list[PhotoSize]]

class Checklist(TypedDict):
    title: str
    tasks: list[ChecklistTask]
    title_entities: NotRequired[list[MessageEntity]]
    others_can_add_tasks: NotRequired[bool]
    others_can_mark_tasks_as_done: NotRequired[bool]

class ChecklistTask(TypedDict):
    id: int
    text: str
    text_entities: NotRequired[list[MessageEntity]]
    completed_by_user: NotRequired[User]
    completed_by_chat: NotRequired[Chat]
    completion_date: NotRequired[int]

class ChecklistTasksAdded(TypedDict):
    tasks: list[ChecklistTask]
    checklist_message: NotRequired[Message]

class ChecklistTasksDone(TypedDict):
    checklist_message: NotRequired[Message]
    marked_as_done_task_ids: NotRequired[list[int]]
    marked_as_not_done_task_ids: NotRequired[list[int]]

ChosenInlineResult = TypedDict(
    "ChosenInlineResult",
    {
        "result_id": str,
        "from": User,
        "query": str,
        "location": NotRequired[Location],
        "inline_message_id": NotRequired[str],
    },
)

class Community(TypedDict):
    id: int
    name: str

class CommunityChatAdded(TypedDict):
    community: Community

class CommunityChatJoined(TypedDict):
    community: Community

class CommunityChatRemoved(TypedDict): ...

class Contact(TypedDict):
    phone_number: str
    first_name: str
    last_name: NotRequired[str]
    user_id: NotRequired[int]
    vcard: NotRequired[str]

class CopyTextButton(TypedDict):
    text: str

class Dice(TypedDict):
    emoji: str
    value: int

class DirectMessagePriceChanged(TypedDict):
    are_direct_messages_enabled: bool
    direct_message_star_count: NotRequired[int]

class DirectMessagesTopic(TypedDict):
    topic_id: int
    user: NotRequired[User]

class DisabledButton(TypedDict): ...

class Document(TypedDict):
    file_id: str
    file_unique_id: str
    thumbnail: NotRequired[PhotoSize]
    file_name: NotRequired[str]
    mime_type: NotRequired[str]
    file_size: NotRequired[int]

class EncryptedCredentials(TypedDict):
    data: str
    hash: str
    secret: str

class EncryptedPassportElement(TypedDict):
    type: str
    hash: str
    data: NotRequired[str]
    phone_number: NotRequired[str]
    email: NotRequired[str]
    files: NotRequired[list[PassportFile]]
    front_side: NotRequired[PassportFile]
    reverse_side: NotRequired[PassportFile]
    selfie: NotRequired[PassportFile]
    translation: NotRequired[list[PassportFile]]

class EphemeralMessageParameters(TypedDict):
    callback_query_id: NotRequired[str]
    replace_callback_query_message: NotRequired[bool]
    receiver_user_id: NotRequired[int]

class ExternalReplyInfo(TypedDict):
    origin: MessageOrigin
    chat: NotRequired[Chat]
    message_id: NotRequired[int]
    link_preview_options: NotRequired[LinkPreviewOptions]
    animation: NotRequired[Animation]
    audio: NotRequired[Audio]
    document: NotRequired[Document]
    live_photo: NotRequired[LivePhoto]
    paid_media: NotRequired[PaidMediaInfo]
    photo: NotRequired[list[PhotoSize]]
    sticker: NotRequired[Sticker]
    story: NotRequired[Story]
    video: NotRequired[Video]
    video_note: NotRequired[VideoNote]
    voice: NotRequired[Voice]
    has_media_spoiler: NotRequired[bool]
    checklist: NotRequired[Checklist]
    contact: NotRequired[Contact]
    dice: NotRequired[Dice]
    game: NotRequired[Game]
    giveaway: NotRequired[Giveaway]
    giveaway_winners: NotRequired[GiveawayWinners]
    invoice: NotRequired[Invoice]
    location: NotRequired[Location]
    poll: NotRequired[Poll]
    venue: NotRequired[Venue]
    widget: NotRequired[Widget]

class File(TypedDict):
    file_id: str
    file_unique_id: str
    file_size: NotRequired[int]
    file_path: NotRequired[str]

class ForceReply(TypedDict):
    force_reply: bool
    input_field_placeholder: NotRequired[str]
    selective: NotRequired[bool]

class ForumTopic(TypedDict):
    message_thread_id: int
    name: str
    icon_color: int
    icon_custom_emoji_id: NotRequired[str]
    is_name_implicit: NotRequired[bool]

class ForumTopicClosed(TypedDict): ...

class ForumTopicCreated(TypedDict):
    name: str
    icon_color: int
    icon_custom_emoji_id: NotRequired[str]
    is_name_implicit: NotRequired[bool]

class ForumTopicEdited(TypedDict):
    name: NotRequired[str]
    icon_custom_emoji_id: NotRequired[str]

class ForumTopicReopened(TypedDict): ...

class Game(TypedDict):
    title: str
    description: str
    photo: list[PhotoSize]
    text: NotRequired[str]
    text_entities: NotRequired[list[MessageEntity]]
    animation: NotRequired[Animation]

class GameHighScore(TypedDict):
    position: int
    user: User
    score: int

class GeneralForumTopicHidden(TypedDict): ...

class GeneralForumTopicUnhidden(TypedDict): ...

class Gift(TypedDict):
    id: str
    sticker: Sticker
    star_count: int
    upgrade_star_count: NotRequired[int]
    is_premium: NotRequired[bool]
    has_colors: NotRequired[bool]
    total_count: NotRequired[int]
    remaining_count: NotRequired[int]
    personal_total_count: NotRequired[int]
    personal_remaining_count: NotRequired[int]
    background: NotRequired[GiftBackground]
    unique_gift_variant_count: NotRequired[int]
    publisher_chat: NotRequired[Chat]

class GiftBackground(TypedDict):
    center_color: int
    edge_color: int
    text_color: int

class GiftInfo(TypedDict):
    gift: Gift
    owned_gift_id: NotRequired[str]
    convert_star_count: NotRequired[int]
    prepaid_upgrade_star_count: NotRequired[int]
    is_upgrade_separate: NotRequired[bool]
    can_be_upgraded: NotRequired[bool]
    text: NotRequired[str]
    entities: NotRequired[list[MessageEntity]]
    is_private: NotRequired[bool]
    unique_gift_number: NotRequired[int]

class Gifts(TypedDict):
    gifts: list[Gift]

class Giveaway(TypedDict):
    chats: list[Chat]
    winners_selection_date: int
    winner_count: int
    only_new_members: NotRequired[bool]
    has_public_winners: NotRequired[bool]
    prize_description: NotRequired[str]
    country_codes: NotRequired[list[str]]
    prize_star_count: NotRequired[int]
    premium_subscription_month_count: NotRequired[int]

class GiveawayCompleted(TypedDict):
    winner_count: int
    unclaimed_prize_count: NotRequired[int]
    giveaway_message: NotRequired[Message]
    is_star_giveaway: NotRequired[bool]

class GiveawayCreated(TypedDict):
    prize_star_count: NotRequired[int]

class GiveawayWinners(TypedDict):
    chat: Chat
    giveaway_message_id: int
    winners_selection_date: int
    winner_count: int
    winners: list[User]
    additional_chat_count: NotRequired[int]
    prize_star_count: NotRequired[int]
    premium_subscription_month_count: NotRequired[int]
    unclaimed_prize_count: NotRequired[int]
    only_new_members: NotRequired[bool]
    was_refunded: NotRequired[bool]
    prize_description: NotRequired[str]

class InaccessibleMessage(TypedDict):
    chat: Chat
    message_id: int
    date: int

class InlineKeyboardButton(TypedDict):
    text: str
    icon_custom_emoji_id: NotRequired[str]
    style: NotRequired[str]
    url: NotRequired[str]
    callback_data: NotRequired[str]
    web_app: NotRequired[WebAppInfo]
    login_url: NotRequired[LoginUrl]
    switch_inline_query: NotRequired[str]
    switch_inline_query_current_chat: NotRequired[str]
    switch_inline_query_chosen_chat: NotRequired[SwitchInlineQueryChosenChat]
    copy_text: NotRequired[CopyTextButton]
    callback_game: NotRequired[CallbackGame]
    pay: NotRequired[bool]
    disabled: NotRequired[DisabledButton]

class InlineKeyboardMarkup(TypedDict):
    inline_keyboard: list[list[InlineKeyboardButton]]
    force_reply: NotRequired[bool]

InlineQuery = TypedDict(
    "InlineQuery",
    {
        "id": str,
        "from": User,
        "query": str,
        "offset": str,
        "chat_type": NotRequired[str],
        "location": NotRequired[Location],
    },
)

InlineQueryResult = (
    InlineQueryResultCachedAudio
    | InlineQueryResultCachedDocument
    | InlineQueryResultCachedGif
    | InlineQueryResultCachedMpeg4Gif
    | InlineQueryResultCachedPhoto
    | InlineQueryResultCachedSticker
    | InlineQueryResultCachedVideo
    | InlineQueryResultCachedVoice
    | InlineQueryResultArticle
    | InlineQueryResultAudio
    | InlineQueryResultContact
    | InlineQueryResultGame
    | InlineQueryResultDocument
    | InlineQueryResultGif
    | InlineQueryResultLocation
    | InlineQueryResultMpeg4Gif
    | InlineQueryResultPhoto
    | InlineQueryResultVenue
    | InlineQueryResultVideo
    | InlineQueryResultVoice
)

class InlineQueryResultArticle(TypedDict):
    type: Literal["article"]
    id: str
    title: str
    input_message_content: InputMessageContent
    reply_markup: NotRequired[InlineKeyboardMarkup]
    url: NotRequired[str]
    description: NotRequired[str]
    thumbnail_url: NotRequired[str]
    thumbnail_width: NotRequired[int]
    thumbnail_height: NotRequired[int]

class InlineQueryResultAudio(TypedDict):
    type: Literal["audio"]
    id: str
    audio_url: str
    title: str
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    performer: NotRequired[str]
    audio_duration: NotRequired[int]
    reply_markup: NotRequired[InlineKeyboardMarkup]
    input_message_content: NotRequired[InputMessageContent]

class InlineQueryResultCachedAudio(TypedDict):
    type: Literal["audio"]
    id: str
    audio_file_id: str
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    reply_markup: NotRequired[InlineKeyboardMarkup]
    input_message_content: NotRequired[InputMessageContent]

class InlineQueryResultCachedDocument(TypedDict):
    type: Literal["document"]
    id: str
    title: str
    document_file_id: str
    description: NotRequired[str]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    reply_markup: NotRequired[InlineKeyboardMarkup]
    input_message_content: NotRequired[InputMessageContent]

class InlineQueryResultCachedGif(TypedDict):
    type: Literal["gif"]
    id: str
    gif_file_id: str
    title: NotRequired[str]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    reply_markup: NotRequired[InlineKeyboardMarkup]
    input_message_content: NotRequired[InputMessageContent]

class InlineQueryResultCachedMpeg4Gif(TypedDict):
    type: Literal["mpeg4_gif"]
    id: str
    mpeg4_file_id: str
    title: NotRequired[str]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    reply_markup: NotRequired[InlineKeyboardMarkup]
    input_message_content: NotRequired[InputMessageContent]

class InlineQueryResultCachedPhoto(TypedDict):
    type: Literal["photo"]
    id: str
    photo_file_id: str
    title: NotRequired[str]
    description: NotRequired[str]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    reply_markup: NotRequired[InlineKeyboardMarkup]
    input_message_content: NotRequired[InputMessageContent]

class InlineQueryResultCachedSticker(TypedDict):
    type: Literal["sticker"]
    id: str
    sticker_file_id: str
    reply_markup: NotRequired[InlineKeyboardMarkup]
    input_message_content: NotRequired[InputMessageContent]

class InlineQueryResultCachedVideo(TypedDict):
    type: Literal["video"]
    id: str
    video_file_id: str
    title: str
    description: NotRequired[str]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    reply_markup: NotRequired[InlineKeyboardMarkup]
    input_message_content: NotRequired[InputMessageContent]

class InlineQueryResultCachedVoice(TypedDict):
    type: Literal["voice"]
    id: str
    voice_file_id: str
    title: str
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    reply_markup: NotRequired[InlineKeyboardMarkup]
    input_message_content: NotRequired[InputMessageContent]

class InlineQueryResultContact(TypedDict):
    type: Literal["contact"]
    id: str
    phone_number: str
    first_name: str
    last_name: NotRequired[str]
    vcard: NotRequired[str]
    reply_markup: NotRequired[InlineKeyboardMarkup]
    input_message_content: NotRequired[InputMessageContent]
    thumbnail_url: NotRequired[str]
    thumbnail_width: NotRequired[int]
    thumbnail_height: NotRequired[int]

class InlineQueryResultDocument(TypedDict):
    type: Literal["document"]
    id: str
    title: str
    document_url: str
    mime_type: str
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    description: NotRequired[str]
    reply_markup: NotRequired[InlineKeyboardMarkup]
    input_message_content: NotRequired[InputMessageContent]
    thumbnail_url: NotRequired[str]
    thumbnail_width: NotRequired[int]
    thumbnail_height: NotRequired[int]

class InlineQueryResultGame(TypedDict):
    type: Literal["game"]
    id: str
    game_short_name: str
    reply_markup: NotRequired[InlineKeyboardMarkup]

class InlineQueryResultGif(TypedDict):
    type: Literal["gif"]
    id: str
    gif_url: str
    thumbnail_url: str
    gif_width: NotRequired[int]
    gif_height: NotRequired[int]
    gif_duration: NotRequired[int]
    thumbnail_mime_type: NotRequired[str]
    title: NotRequired[str]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    reply_markup: NotRequired[InlineKeyboardMarkup]
    input_message_content: NotRequired[InputMessageContent]

class InlineQueryResultLocation(TypedDict):
    type: Literal["location"]
    id: str
    latitude: float
    longitude: float
    title: str
    horizontal_accuracy: NotRequired[float]
    live_period: NotRequired[int]
    heading: NotRequired[int]
    proximity_alert_radius: NotRequired[int]
    reply_markup: NotRequired[InlineKeyboardMarkup]
    input_message_content: NotRequired[InputMessageContent]
    thumbnail_url: NotRequired[str]
    thumbnail_width: NotRequired[int]
    thumbnail_height: NotRequired[int]

class InlineQueryResultMpeg4Gif(TypedDict):
    type: Literal["mpeg4_gif"]
    id: str
    mpeg4_url: str
    thumbnail_url: str
    mpeg4_width: NotRequired[int]
    mpeg4_height: NotRequired[int]
    mpeg4_duration: NotRequired[int]
    thumbnail_mime_type: NotRequired[str]
    title: NotRequired[str]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    reply_markup: NotRequired[InlineKeyboardMarkup]
    input_message_content: NotRequired[InputMessageContent]

class InlineQueryResultPhoto(TypedDict):
    type: Literal["photo"]
    id: str
    photo_url: str
    thumbnail_url: str
    photo_width: NotRequired[int]
    photo_height: NotRequired[int]
    title: NotRequired[str]
    description: NotRequired[str]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    reply_markup: NotRequired[InlineKeyboardMarkup]
    input_message_content: NotRequired[InputMessageContent]

class InlineQueryResultVenue(TypedDict):
    type: Literal["venue"]
    id: str
    latitude: float
    longitude: float
    title: str
    address: str
    foursquare_id: NotRequired[str]
    foursquare_type: NotRequired[str]
    google_place_id: NotRequired[str]
    google_place_type: NotRequired[str]
    reply_markup: NotRequired[InlineKeyboardMarkup]
    input_message_content: NotRequired[InputMessageContent]
    thumbnail_url: NotRequired[str]
    thumbnail_width: NotRequired[int]
    thumbnail_height: NotRequired[int]

class InlineQueryResultVideo(TypedDict):
    type: Literal["video"]
    id: str
    video_url: str
    mime_type: str
    thumbnail_url: str
    title: str
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    video_width: NotRequired[int]
    video_height: NotRequired[int]
    video_duration: NotRequired[int]
    description: NotRequired[str]
    reply_markup: NotRequired[InlineKeyboardMarkup]
    input_message_content: NotRequired[InputMessageContent]

class InlineQueryResultVoice(TypedDict):
    type: Literal["voice"]
    id: str
    voice_url: str
    title: str
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    voice_duration: NotRequired[int]
    reply_markup: NotRequired[InlineKeyboardMarkup]
    input_message_content: NotRequired[InputMessageContent]

class InlineQueryResultsButton(TypedDict):
    text: str
    web_app: NotRequired[WebAppInfo]
    start_parameter: NotRequired[str]

class InputChecklist(TypedDict):
    title: str
    tasks: list[InputChecklistTask]
    parse_mode: NotRequired[str]
    title_entities: NotRequired[list[MessageEntity]]
    others_can_add_tasks: NotRequired[bool]
    others_can_mark_tasks_as_done: NotRequired[bool]

class InputChecklistTask(TypedDict):
    id: int
    text: str
    parse_mode: NotRequired[str]
    text_entities: NotRequired[list[MessageEntity]]

class InputContactMessageContent(TypedDict):
    phone_number: str
    first_name: str
    last_name: NotRequired[str]
    vcard: NotRequired[str]

class InputInvoiceMessageContent(TypedDict):
    title: str
    description: str
    payload: str
    currency: str
    prices: list[LabeledPrice]
    provider_token: NotRequired[str]
    max_tip_amount: NotRequired[int]
    suggested_tip_amounts: NotRequired[list[int]]
    provider_data: NotRequired[str]
    photo_url: NotRequired[str]
    photo_size: NotRequired[int]
    photo_width: NotRequired[int]
    photo_height: NotRequired[int]
    need_name: NotRequired[bool]
    need_phone_number: NotRequired[bool]
    need_email: NotRequired[bool]
    need_shipping_address: NotRequired[bool]
    send_phone_number_to_provider: NotRequired[bool]
    send_email_to_provider: NotRequired[bool]
    is_flexible: NotRequired[bool]

class InputLocationMessageContent(TypedDict):
    latitude: float
    longitude: float
    horizontal_accuracy: NotRequired[float]
    live_period: NotRequired[int]
    heading: NotRequired[int]
    proximity_alert_radius: NotRequired[int]

InputMedia = (
    InputMediaAnimation
    | InputMediaAudio
    | InputMediaDocument
    | InputMediaLivePhoto
    | InputMediaPhoto
    | InputMediaVideo
)

class InputMediaAnimation(TypedDict):
    type: Literal["animation"]
    media: str
    thumbnail: NotRequired[str]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    width: NotRequired[int]
    height: NotRequired[int]
    duration: NotRequired[int]
    has_spoiler: NotRequired[bool]

class InputMediaAudio(TypedDict):
    type: Literal["audio"]
    media: str
    thumbnail: NotRequired[str]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    duration: NotRequired[int]
    performer: NotRequired[str]
    title: NotRequired[str]

class InputMediaDocument(TypedDict):
    type: Literal["document"]
    media: str
    thumbnail: NotRequired[str]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    disable_content_type_detection: NotRequired[bool]

class InputMediaLink(TypedDict):
    type: Literal["link"]
    url: str

class InputMediaLivePhoto(TypedDict):
    type: Literal["live_photo"]
    media: str
    photo: str
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    has_spoiler: NotRequired[bool]

class InputMediaLocation(TypedDict):
    type: Literal["location"]
    latitude: float
    longitude: float
    horizontal_accuracy: NotRequired[float]

class InputMediaPhoto(TypedDict):
    type: Literal["photo"]
    media: str
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    has_spoiler: NotRequired[bool]

class InputMediaSticker(TypedDict):
    type: Literal["sticker"]
    media: str
    emoji: NotRequired[str]

class InputMediaVenue(TypedDict):
    type: Literal["venue"]
    latitude: float
    longitude: float
    title: str
    address: str
    foursquare_id: NotRequired[str]
    foursquare_type: NotRequired[str]
    google_place_id: NotRequired[str]
    google_place_type: NotRequired[str]

class InputMediaVideo(TypedDict):
    type: Literal["video"]
    media: str
    thumbnail: NotRequired[str]
    cover: NotRequired[str]
    start_timestamp: NotRequired[int]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    width: NotRequired[int]
    height: NotRequired[int]
    duration: NotRequired[int]
    supports_streaming: NotRequired[bool]
    has_spoiler: NotRequired[bool]

class InputMediaVoiceNote(TypedDict):
    type: Literal["voice_note"]
    media: str
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    duration: NotRequired[int]

InputMessageContent = (
    InputTextMessageContent
    | InputRichMessageContent
    | InputLocationMessageContent
    | InputVenueMessageContent
    | InputContactMessageContent
    | InputInvoiceMessageContent
    | InputWidgetMessageContent
    | InputSharedWidgetMessageContent
)

InputPaidMedia = InputPaidMediaLivePhoto | InputPaidMediaPhoto | InputPaidMediaVideo

class InputPaidMediaLivePhoto(TypedDict):
    type: Literal["live_photo"]
    media: str
    photo: str

class InputPaidMediaPhoto(TypedDict):
    type: Literal["photo"]
    media: str

class InputPaidMediaVideo(TypedDict):
    type: Literal["video"]
    media: str
    thumbnail: NotRequired[str]
    cover: NotRequired[str]
    start_timestamp: NotRequired[int]
    width: NotRequired[int]
    height: NotRequired[int]
    duration: NotRequired[int]
    supports_streaming: NotRequired[bool]

InputPollMedia = (
    InputMediaAnimation
    | InputMediaAudio
    | InputMediaDocument
    | InputMediaLivePhoto
    | InputMediaLocation
    | InputMediaPhoto
    | InputMediaVenue
    | InputMediaVideo
)

class InputPollOption(TypedDict):
    text: str
    text_parse_mode: NotRequired[str]
    text_entities: NotRequired[list[MessageEntity]]
    media: NotRequired[InputPollOptionMedia]

InputPollOptionMedia = (
    InputMediaAnimation
    | InputMediaLink
    | InputMediaLivePhoto
    | InputMediaLocation
    | InputMediaPhoto
    | InputMediaSticker
    | InputMediaVenue
    | InputMediaVideo
)

InputProfilePhoto = InputProfilePhotoStatic | InputProfilePhotoAnimated

class InputProfilePhotoAnimated(TypedDict):
    type: Literal["animated"]
    animation: str
    main_frame_timestamp: NotRequired[float]

class InputProfilePhotoStatic(TypedDict):
    type: Literal["static"]
    photo: str

InputRichBlock = (
    InputRichBlockParagraph
    | InputRichBlockSectionHeading
    | InputRichBlockPreformatted
    | InputRichBlockFooter
    | InputRichBlockDivider
    | InputRichBlockMathematicalExpression
    | InputRichBlockAnchor
    | InputRichBlockList
    | InputRichBlockBlockQuotation
    | InputRichBlockExpandableBlockQuotation
    | InputRichBlockPullQuotation
    | InputRichBlockCollage
    | InputRichBlockSlideshow
    | InputRichBlockTable
    | InputRichBlockDetails
    | InputRichBlockMap
    | InputRichBlockButtons
    | InputRichBlockAnimation
    | InputRichBlockAudio
    | InputRichBlockDocument
    | InputRichBlockPhoto
    | InputRichBlockVideo
    | InputRichBlockVoiceNote
    | InputRichBlockThinking
)

class InputRichBlockAnchor(TypedDict):
    type: Literal["anchor"]
    name: str

class InputRichBlockAnimation(TypedDict):
    type: Literal["animation"]
    animation: InputMediaAnimation
    caption: NotRequired[RichBlockCaption]

class InputRichBlockAudio(TypedDict):
    type: Literal["audio"]
    audio: InputMediaAudio
    caption: NotRequired[RichBlockCaption]

class InputRichBlockBlockQuotation(TypedDict):
    type: Literal["blockquote"]
    blocks: list[InputRichBlock]
    credit: NotRequired[RichText]

class InputRichBlockButtons(TypedDict):
    type: Literal["buttons"]
    buttons: list[RichMessageButton]
    align: NotRequired[str]

class InputRichBlockCollage(TypedDict):
    type: Literal["collage"]
    blocks: list[InputRichBlock]
    caption: NotRequired[RichBlockCaption]

class InputRichBlockDetails(TypedDict):
    type: Literal["details"]
    summary: RichText
    blocks: list[InputRichBlock]
    is_open: NotRequired[bool]

class InputRichBlockDivider(TypedDict):
    type: Literal["divider"]

class InputRichBlockDocument(TypedDict):
    type: Literal["document"]
    document: InputMediaDocument
    caption: NotRequired[RichBlockCaption]

class InputRichBlockExpandableBlockQuotation(TypedDict):
    type: Literal["expandable_blockquote"]
    text: RichText
    credit: NotRequired[RichText]

class InputRichBlockFooter(TypedDict):
    type: Literal["footer"]
    text: RichText

class InputRichBlockList(TypedDict):
    type: Literal["list"]
    items: list[InputRichBlockListItem]

class InputRichBlockListItem(TypedDict):
    blocks: list[InputRichBlock]
    has_checkbox: NotRequired[bool]
    is_checked: NotRequired[bool]
    value: NotRequired[int]
    type: NotRequired[str]

class InputRichBlockMap(TypedDict):
    type: Literal["map"]
    location: Location
    zoom: NotRequired[int]
    width: NotRequired[int]
    height: NotRequired[int]
    caption: NotRequired[RichBlockCaption]

class InputRichBlockMathematicalExpression(TypedDict):
    type: Literal["mathematical_expression"]
    expression: str

class InputRichBlockParagraph(TypedDict):
    type: Literal["paragraph"]
    text: RichText

class InputRichBlockPhoto(TypedDict):
    type: Literal["photo"]
    photo: InputMediaPhoto
    caption: NotRequired[RichBlockCaption]

class InputRichBlockPreformatted(TypedDict):
    type: Literal["pre"]
    text: RichText
    language: NotRequired[str]

class InputRichBlockPullQuotation(TypedDict):
    type: Literal["pullquote"]
    text: RichText
    credit: NotRequired[RichText]

class InputRichBlockSectionHeading(TypedDict):
    type: Literal["heading"]
    text: RichText
    size: int

class InputRichBlockSlideshow(TypedDict):
    type: Literal["slideshow"]
    blocks: list[InputRichBlock]
    caption: NotRequired[RichBlockCaption]

class InputRichBlockTable(TypedDict):
    type: Literal["table"]
    cells: list[list[RichBlockTableCell]]
    is_bordered: NotRequired[bool]
    is_striped: NotRequired[bool]
    caption: NotRequired[RichText]
    is_compact: NotRequired[bool]

class InputRichBlockThinking(TypedDict):
    type: Literal["thinking"]
    text: RichText

class InputRichBlockVideo(TypedDict):
    type: Literal["video"]
    video: InputMediaVideo
    caption: NotRequired[RichBlockCaption]

class InputRichBlockVoiceNote(TypedDict):
    type: Literal["voice_note"]
    voice_note: InputMediaVoiceNote
    caption: NotRequired[RichBlockCaption]

class InputRichMessage(TypedDict):
    html: NotRequired[str]
    markdown: NotRequired[str]
    is_rtl: NotRequired[bool]
    skip_entity_detection: NotRequired[bool]
    blocks: NotRequired[list[InputRichBlock]]
    media: NotRequired[list[InputRichMessageMedia]]

class InputRichMessageContent(TypedDict):
    rich_message: InputRichMessage

class InputRichMessageMedia(TypedDict):
    id: str
    media: InputMediaAnimation | InputMediaAudio | InputMediaDocument | InputMediaPhoto | InputMediaVideo | InputMediaVoiceNote

class InputSticker(TypedDict):
    sticker: str
    format: str
    emoji_list: list[str]
    mask_position: NotRequired[MaskPosition]
    keywords: NotRequired[list[str]]

InputStoryContent = InputStoryContentPhoto | InputStoryContentVideo

class InputStoryContentPhoto(TypedDict):
    type: Literal["photo"]
    photo: str

class InputStoryContentVideo(TypedDict):
    type: Literal["video"]
    video: str
    duration: NotRequired[float]
    cover_frame_timestamp: NotRequired[float]
    is_animation: NotRequired[bool]

class InputTextMessageContent(TypedDict):
    message_text: str
    parse_mode: NotRequired[str]
    entities: NotRequired[list[MessageEntity]]
    link_preview_options: NotRequired[LinkPreviewOptions]

class InputVenueMessageContent(TypedDict):
    latitude: float
    longitude: float
    title: str
    address: str
    foursquare_id: NotRequired[str]
    foursquare_type: NotRequired[str]
    google_place_id: NotRequired[str]
    google_place_type: NotRequired[str]

class Invoice(TypedDict):
    title: str
    description: str
    start_parameter: str
    currency: str
    total_amount: int

class KeyboardButton(TypedDict):
    text: str
    icon_custom_emoji_id: NotRequired[str]
    style: NotRequired[str]
    request_users: NotRequired[KeyboardButtonRequestUsers]
    request_chat: NotRequired[KeyboardButtonRequestChat]
    request_managed_bot: NotRequired[KeyboardButtonRequestManagedBot]
    request_contact: NotRequired[bool]
    request_location: NotRequired[bool]
    request_poll: NotRequired[KeyboardButtonPollType]
    web_app: NotRequired[WebAppInfo]

class KeyboardButtonPollType(TypedDict):
    type: NotRequired[str]

class KeyboardButtonRequestChat(TypedDict):
    request_id: int
    chat_is_channel: bool
    chat_is_forum: NotRequired[bool]
    chat_has_username: NotRequired[bool]
    chat_is_created: NotRequired[bool]
    user_administrator_rights: NotRequired[ChatAdministratorRights]
    bot_administrator_rights: NotRequired[ChatAdministratorRights]
    bot_is_member: NotRequired[bool]
    request_title: NotRequired[bool]
    request_username: NotRequired[bool]
    request_photo: NotRequired[bool]

class KeyboardButtonRequestManagedBot(TypedDict):
    request_id: int
    suggested_name: NotRequired[str]
    suggested_username: NotRequired[str]

class KeyboardButtonRequestUsers(TypedDict):
    request_id: int
    user_is_bot: NotRequired[bool]
    user_is_premium: NotRequired[bool]
    max_quantity: NotRequired[int]
    request_name: NotRequired[bool]
    request_username: NotRequired[bool]
    request_photo: NotRequired[bool]

class LabeledPrice(TypedDict):
    label: str
    amount: int

class Link(TypedDict):
    url: str

class LinkPreviewOptions(TypedDict):
    is_disabled: NotRequired[bool]
    url: NotRequired[str]
    prefer_small_media: NotRequired[bool]
    prefer_large_media: NotRequired[bool]
    show_above_text: NotRequired[bool]

class LivePhoto(TypedDict):
    file_id: str
    file_unique_id: str
    width: int
    height: int
    duration: int
    photo: NotRequired[list[PhotoSize]]
    mime_type: NotRequired[str]
    file_size: NotRequired[int]

class Location(TypedDict):
    latitude: float
    longitude: float
    horizontal_accuracy: NotRequired[float]
    live_period: NotRequired[int]
    heading: NotRequired[int]
    proximity_alert_radius: NotRequired[int]

class LocationAddress(TypedDict):
    country_code: str
    state: NotRequired[str]
    city: NotRequired[str]
    street: NotRequired[str]

class LoginUrl(TypedDict):
    url: str
    forward_text: NotRequired[str]
    bot_username: NotRequired[str]
    request_write_access: NotRequired[bool]

class ManagedBotCreated(TypedDict):
    bot: User

class ManagedBotUpdated(TypedDict):
    user: User
    bot: User

class MaskPosition(TypedDict):
    point: str
    x_shift: float
    y_shift: float
    scale: float

MaybeInaccessibleMessage = Message | InaccessibleMessage

MenuButton = MenuButtonCommands | MenuButtonWebApp | MenuButtonDefault

class MenuButtonCommands(TypedDict):
    type: Literal["commands"]

class MenuButtonDefault(TypedDict):
    type: Literal["default"]

class MenuButtonWebApp(TypedDict):
    type: Literal["web_app"]
    text: str
    web_app: WebAppInfo

Message = TypedDict(
    "Message",
    {
        "message_id": int,
        "date": int,
        "chat": Chat,
        "message_thread_id": NotRequired[int],
        "direct_messages_topic": NotRequired[DirectMessagesTopic],
        "from": NotRequired[User],
        "sender_chat": NotRequired[Chat],
        "sender_boost_count": NotRequired[int],
        "sender_business_bot": NotRequired[User],
        "sender_tag": NotRequired[str],
        "guest_query_id": NotRequired[str],
        "business_connection_id": NotRequired[str],
        "forward_origin": NotRequired[MessageOrigin],
        "is_topic_message": NotRequired[bool],
        "is_automatic_forward": NotRequired[bool],
        "reply_to_message": NotRequired[Message],
        "external_reply": NotRequired[ExternalReplyInfo],
        "quote": NotRequired[TextQuote],
        "reply_to_story": NotRequired[Story],
        "reply_to_checklist_task_id": NotRequired[int],
        "reply_to_poll_option_id": NotRequired[str],
        "via_bot": NotRequired[User],
        "guest_bot_caller_user": NotRequired[User],
        "guest_bot_caller_chat": NotRequired[Chat],
        "edit_date": NotRequired[int],
        "has_protected_content": NotRequired[bool],
        "is_from_offline": NotRequired[bool],
        "is_paid_post": NotRequired[bool],
        "media_group_id": NotRequired[str],
        "author_signature": NotRequired[str],
        "paid_star_count": NotRequired[int],
        "text": NotRequired[str],
        "entities": NotRequired[list[MessageEntity]],
        "link_preview_options": NotRequired[LinkPreviewOptions],
        "suggested_post_info": NotRequired[SuggestedPostInfo],
        "effect_id": NotRequired[str],
        "animation": NotRequired[Animation],
        "audio": NotRequired[Audio],
        "document": NotRequired[Document],
        "live_photo": NotRequired[LivePhoto],
        "paid_media": NotRequired[PaidMediaInfo],
        "photo": NotRequired[list[PhotoSize]],
        "sticker": NotRequired[Sticker],
        "story": NotRequired[Story],
        "video": NotRequired[Video],
        "video_note": NotRequired[VideoNote],
        "voice": NotRequired[Voice],
        "caption": NotRequired[str],
        "caption_entities": NotRequired[list[MessageEntity]],
        "show_caption_above_media": NotRequired[bool],
        "has_media_spoiler": NotRequired[bool],
        "checklist": NotRequired[Checklist],
        "contact": NotRequired[Contact],
        "dice": NotRequired[Dice],
        "game": NotRequired[Game],
        "poll": NotRequired[Poll],
        "venue": NotRequired[Venue],
        "location": NotRequired[Location],
        "new_chat_members": NotRequired[list[User]],
        "left_chat_member": NotRequired[User],
        "chat_owner_left": NotRequired[ChatOwnerLeft],
        "chat_owner_changed": NotRequired[ChatOwnerChanged],
        "new_chat_title": NotRequired[str],
        "new_chat_photo": NotRequired[list[PhotoSize]],
        "delete_chat_photo": NotRequired[bool],
        "group_chat_created": NotRequired[bool],
        "supergroup_chat_created": NotRequired[bool],
        "channel_chat_created": NotRequired[bool],
        "message_auto_delete_timer_changed": NotRequired[MessageAutoDeleteTimerChanged],
        "migrate_to_chat_id": NotRequired[int],
        "migrate_from_chat_id": NotRequired[int],
        "pinned_message": NotRequired[MaybeInaccessibleMessage],
        "invoice": NotRequired[Invoice],
        "successful_payment": NotRequired[SuccessfulPayment],
        "refunded_payment": NotRequired[RefundedPayment],
        "users_shared": NotRequired[UsersShared],
        "chat_shared": NotRequired[ChatShared],
        "gift": NotRequired[GiftInfo],
        "unique_gift": NotRequired[UniqueGiftInfo],
        "gift_upgrade_sent": NotRequired[GiftInfo],
        "connected_website": NotRequired[str],
        "write_access_allowed": NotRequired[WriteAccessAllowed],
        "passport_data": NotRequired[PassportData],
        "proximity_alert_triggered": NotRequired[ProximityAlertTriggered],
        "boost_added": NotRequired[ChatBoostAdded],
        "chat_background_set": NotRequired[ChatBackground],
        "checklist_tasks_done": NotRequired[ChecklistTasksDone],
        "checklist_tasks_added": NotRequired[ChecklistTasksAdded],
        "direct_message_price_changed": NotRequired[DirectMessagePriceChanged],
        "forum_topic_created": NotRequired[ForumTopicCreated],
        "forum_topic_edited": NotRequired[ForumTopicEdited],
        "forum_topic_closed": NotRequired[ForumTopicClosed],
        "forum_topic_reopened": NotRequired[ForumTopicReopened],
        "general_forum_topic_hidden": NotRequired[GeneralForumTopicHidden],
        "general_forum_topic_unhidden": NotRequired[GeneralForumTopicUnhidden],
        "giveaway_created": NotRequired[GiveawayCreated],
        "giveaway": NotRequired[Giveaway],
        "giveaway_winners": NotRequired[GiveawayWinners],
        "giveaway_completed": NotRequired[GiveawayCompleted],
        "managed_bot_created": NotRequired[ManagedBotCreated],
        "paid_message_price_changed": NotRequired[PaidMessagePriceChanged],
        "poll_option_added": NotRequired[PollOptionAdded],
        "poll_option_deleted": NotRequired[PollOptionDeleted],
        "suggested_post_approved": NotRequired[SuggestedPostApproved],
        "suggested_post_approval_failed": NotRequired[SuggestedPostApprovalFailed],
        "suggested_post_declined": NotRequired[SuggestedPostDeclined],
        "suggested_post_paid": NotRequired[SuggestedPostPaid],
        "suggested_post_refunded": NotRequired[SuggestedPostRefunded],
        "video_chat_scheduled": NotRequired[VideoChatScheduled],
        "video_chat_started": NotRequired[VideoChatStarted],
        "video_chat_ended": NotRequired[VideoChatEnded],
        "video_chat_participants_invited": NotRequired[VideoChatParticipantsInvited],
        "web_app_data": NotRequired[WebAppData],
        "reply_markup": NotRequired[InlineKeyboardMarkup],
        "rich_message": NotRequired[RichMessage],
        "receiver_user": NotRequired[User],
        "ephemeral_message_id": NotRequired[int],
        "community_chat_added": NotRequired[CommunityChatAdded],
        "community_chat_removed": NotRequired[CommunityChatRemoved],
        "community_chat_joined": NotRequired[CommunityChatJoined],
        "widget": NotRequired[Widget],
    },
)

class MessageAutoDeleteTimerChanged(TypedDict):
    message_auto_delete_time: int

class MessageEntity(TypedDict):
    type: str
    offset: int
    length: int
    url: NotRequired[str]
    user: NotRequired[User]
    language: NotRequired[str]
    custom_emoji_id: NotRequired[str]
    unix_time: NotRequired[int]
    date_time_format: NotRequired[str]

class MessageGenerationStopped(TypedDict):
    chat: Chat
    draft_id: int
    message_thread_id: NotRequired[int]

class MessageId(TypedDict):
    message_id: int

MessageOrigin = (
    MessageOriginUser | MessageOriginHiddenUser | MessageOriginChat | MessageOriginChannel
)

class MessageOriginChannel(TypedDict):
    type: Literal["channel"]
    date: int
    chat: Chat
    message_id: int
    author_signature: NotRequired[str]

class MessageOriginChat(TypedDict):
    type: Literal["chat"]
    date: int
    sender_chat: Chat
    author_signature: NotRequired[str]

class MessageOriginHiddenUser(TypedDict):
    type: Literal["hidden_user"]
    date: int
    sender_user_name: str

class MessageOriginUser(TypedDict):
    type: Literal["user"]
    date: int
    sender_user: User

class MessageReactionCountUpdated(TypedDict):
    chat: Chat
    message_id: int
    date: int
    reactions: list[ReactionCount]

class MessageReactionUpdated(TypedDict):
    chat: Chat
    message_id: int
    date: int
    old_reaction: list[ReactionType]
    new_reaction: list[ReactionType]
    user: NotRequired[User]
    actor_chat: NotRequired[Chat]

class OrderInfo(TypedDict):
    name: NotRequired[str]
    phone_number: NotRequired[str]
    email: NotRequired[str]
    shipping_address: NotRequired[ShippingAddress]

OwnedGift = OwnedGiftRegular | OwnedGiftUnique

class OwnedGiftRegular(TypedDict):
    type: Literal["regular"]
    gift: Gift
    send_date: int
    owned_gift_id: NotRequired[str]
    sender_user: NotRequired[User]
    text: NotRequired[str]
    entities: NotRequired[list[MessageEntity]]
    is_private: NotRequired[bool]
    is_saved: NotRequired[bool]
    can_be_upgraded: NotRequired[bool]
    was_refunded: NotRequired[bool]
    convert_star_count: NotRequired[int]
    prepaid_upgrade_star_count: NotRequired[int]
    is_upgrade_separate: NotRequired[bool]
    unique_gift_number: NotRequired[int]

class OwnedGiftUnique(TypedDict):
    type: Literal["unique"]
    gift: UniqueGift
    send_date: int
    owned_gift_id: NotRequired[str]
    sender_user: NotRequired[User]
    is_saved: NotRequired[bool]
    can_be_transferred: NotRequired[bool]
    transfer_star_count: NotRequired[int]
    next_transfer_date: NotRequired[int]

class OwnedGifts(TypedDict):
    total_count: int
    gifts: list[OwnedGift]
    next_offset: NotRequired[str]

PaidMedia = PaidMediaLivePhoto | PaidMediaPhoto | PaidMediaPreview | PaidMediaVideo

class PaidMediaInfo(TypedDict):
    star_count: int
    paid_media: list[PaidMedia]

class PaidMediaLivePhoto(TypedDict):
    type: Literal["live_photo"]
    live_photo: LivePhoto

class PaidMediaPhoto(TypedDict):
    type: Literal["photo"]
    photo: list[PhotoSize]

class PaidMediaPreview(TypedDict):
    type: Literal["preview"]
    width: NotRequired[int]
    height: NotRequired[int]
    duration: NotRequired[int]

PaidMediaPurchased = TypedDict(
    "PaidMediaPurchased",
    {
        "from": User,
        "paid_media_payload": str,
    },
)

class PaidMediaVideo(TypedDict):
    type: Literal["video"]
    video: Video

class PaidMessagePriceChanged(TypedDict):
    paid_message_star_count: int

class PassportData(TypedDict):
    data: list[EncryptedPassportElement]
    credentials: EncryptedCredentials

PassportElementError = (
    PassportElementErrorDataField
    | PassportElementErrorFrontSide
    | PassportElementErrorReverseSide
    | PassportElementErrorSelfie
    | PassportElementErrorFile
    | PassportElementErrorFiles
    | PassportElementErrorTranslationFile
    | PassportElementErrorTranslationFiles
    | PassportElementErrorUnspecified
)

class PassportElementErrorDataField(TypedDict):
    source: Literal["data"]
    type: str
    field_name: str
    data_hash: str
    message: str

class PassportElementErrorFile(TypedDict):
    source: Literal["file"]
    type: str
    file_hash: str
    message: str

class PassportElementErrorFiles(TypedDict):
    source: Literal["files"]
    type: str
    file_hashes: list[str]
    message: str

class PassportElementErrorFrontSide(TypedDict):
    source: Literal["front_side"]
    type: str
    file_hash: str
    message: str

class PassportElementErrorReverseSide(TypedDict):
    source: Literal["reverse_side"]
    type: str
    file_hash: str
    message: str

class PassportElementErrorSelfie(TypedDict):
    source: Literal["selfie"]
    type: str
    file_hash: str
    message: str

class PassportElementErrorTranslationFile(TypedDict):
    source: Literal["translation_file"]
    type: str
    file_hash: str
    message: str

class PassportElementErrorTranslationFiles(TypedDict):
    source: Literal["translation_files"]
    type: str
    file_hashes: list[str]
    message: str

class PassportElementErrorUnspecified(TypedDict):
    source: Literal["unspecified"]
    type: str
    element_hash: str
    message: str

class PassportFile(TypedDict):
    file_id: str
    file_unique_id: str
    file_size: int
    file_date: int

class PhotoSize(TypedDict):
    file_id: str
    file_unique_id: str
    width: int
    height: int
    file_size: NotRequired[int]

class Poll(TypedDict):
    id: str
    question: str
    options: list[PollOption]
    total_voter_count: int
    is_closed: bool
    is_anonymous: bool
    type: str
    allows_multiple_answers: bool
    allows_revoting: bool
    members_only: bool
    question_entities: NotRequired[list[MessageEntity]]
    country_codes: NotRequired[list[str]]
    correct_option_ids: NotRequired[list[int]]
    explanation: NotRequired[str]
    explanation_entities: NotRequired[list[MessageEntity]]
    explanation_media: NotRequired[PollMedia]
    open_period: NotRequired[int]
    close_date: NotRequired[int]
    description: NotRequired[str]
    description_entities: NotRequired[list[MessageEntity]]
    media: NotRequired[PollMedia]

class PollAnswer(TypedDict):
    poll_id: str
    option_ids: list[int]
    option_persistent_ids: list[str]
    voter_chat: NotRequired[Chat]
    user: NotRequired[User]

class PollMedia(TypedDict):
    animation: NotRequired[Animation]
    audio: NotRequired[Audio]
    document: NotRequired[Document]
    live_photo: NotRequired[LivePhoto]
    location: NotRequired[Location]
    photo: NotRequired[list[PhotoSize]]
    sticker: NotRequired[Sticker]
    venue: NotRequired[Venue]
    video: NotRequired[Video]
    link: NotRequired[Link]

class PollOption(TypedDict):
    persistent_id: str
    text: str
    voter_count: int
    text_entities: NotRequired[list[MessageEntity]]
    media: NotRequired[PollMedia]
    added_by_user: NotRequired[User]
    added_by_chat: NotRequired[Chat]
    addition_date: NotRequired[int]

class PollOptionAdded(TypedDict):
    option_persistent_id: str
    option_text: str
    poll_message: NotRequired[MaybeInaccessibleMessage]
    option_text_entities: NotRequired[list[MessageEntity]]

class PollOptionDeleted(TypedDict):
    option_persistent_id: str
    option_text: str
    poll_message: NotRequired[MaybeInaccessibleMessage]
    option_text_entities: NotRequired[list[MessageEntity]]

PreCheckoutQuery = TypedDict(
    "PreCheckoutQuery",
    {
        "id": str,
        "from": User,
        "currency": str,
        "total_amount": int,
        "invoice_payload": str,
        "shipping_option_id": NotRequired[str],
        "order_info": NotRequired[OrderInfo],
    },
)

class PreparedInlineMessage(TypedDict):
    id: str
    expiration_date: int

class PreparedKeyboardButton(TypedDict):
    id: str

class ProximityAlertTriggered(TypedDict):
    traveler: User
    watcher: User
    distance: int

class ReactionCount(TypedDict):
    type: ReactionType
    total_count: int

ReactionType = ReactionTypeEmoji | ReactionTypeCustomEmoji | ReactionTypePaid

class ReactionTypeCustomEmoji(TypedDict):
    type: Literal["custom_emoji"]
    custom_emoji_id: str

class ReactionTypeEmoji(TypedDict):
    type: Literal["emoji"]
    emoji: str

class ReactionTypePaid(TypedDict):
    type: Literal["paid"]

class RefundedPayment(TypedDict):
    currency: Literal["XTR"]
    total_amount: int
    invoice_payload: str
    telegram_payment_charge_id: str
    provider_payment_charge_id: NotRequired[str]

class ReplyKeyboardMarkup(TypedDict):
    keyboard: list[list[KeyboardButton]]
    is_persistent: NotRequired[bool]
    resize_keyboard: NotRequired[bool]
    one_time_keyboard: NotRequired[bool]
    input_field_placeholder: NotRequired[str]
    selective: NotRequired[bool]
    force_reply: NotRequired[bool]

class ReplyKeyboardRemove(TypedDict):
    remove_keyboard: bool
    selective: NotRequired[bool]

class ReplyParameters(TypedDict):
    message_id: NotRequired[int]
    chat_id: NotRequired[int | str]
    allow_sending_without_reply: NotRequired[bool]
    quote: NotRequired[str]
    quote_parse_mode: NotRequired[str]
    quote_entities: NotRequired[list[MessageEntity]]
    quote_position: NotRequired[int]
    checklist_task_id: NotRequired[int]
    poll_option_id: NotRequired[str]
    ephemeral_message_id: NotRequired[int]
    quote_rich_texts: NotRequired[list[RichText]]

class ResponseParameters(TypedDict):
    migrate_to_chat_id: NotRequired[int]
    retry_after: NotRequired[int]

RevenueWithdrawalState = (
    RevenueWithdrawalStatePending | RevenueWithdrawalStateSucceeded | RevenueWithdrawalStateFailed
)

class RevenueWithdrawalStateFailed(TypedDict):
    type: Literal["failed"]

class RevenueWithdrawalStatePending(TypedDict):
    type: Literal["pending"]

class RevenueWithdrawalStateSucceeded(TypedDict):
    type: Literal["succeeded"]
    date: int
    url: str

RichBlock = (
    RichBlockParagraph
    | RichBlockSectionHeading
    | RichBlockPreformatted
    | RichBlockFooter
    | RichBlockDivider
    | RichBlockMathematicalExpression
    | RichBlockAnchor
    | RichBlockList
    | RichBlockBlockQuotation
    | RichBlockExpandableBlockQuotation
    | RichBlockPullQuotation
    | RichBlockCollage
    | RichBlockSlideshow
    | RichBlockTable
    | RichBlockDetails
    | RichBlockMap
    | RichBlockButtons
    | RichBlockAnimation
    | RichBlockAudio
    | RichBlockDocument
    | RichBlockPhoto
    | RichBlockVideo
    | RichBlockVoiceNote
    | RichBlockThinking
)

class RichBlockAnchor(TypedDict):
    type: Literal["anchor"]
    name: str

class RichBlockAnimation(TypedDict):
    type: Literal["animation"]
    animation: Animation
    has_spoiler: NotRequired[bool]
    caption: NotRequired[RichBlockCaption]

class RichBlockAudio(TypedDict):
    type: Literal["audio"]
    audio: Audio
    caption: NotRequired[RichBlockCaption]

class RichBlockBlockQuotation(TypedDict):
    type: Literal["blockquote"]
    blocks: list[RichBlock]
    credit: NotRequired[RichText]

class RichBlockButtons(TypedDict):
    type: Literal["buttons"]
    buttons: list[RichMessageButton]
    align: NotRequired[str]

class RichBlockCaption(TypedDict):
    text: RichText
    credit: NotRequired[RichText]

class RichBlockCollage(TypedDict):
    type: Literal["collage"]
    blocks: list[RichBlock]
    caption: NotRequired[RichBlockCaption]

class RichBlockDetails(TypedDict):
    type: Literal["details"]
    summary: RichText
    blocks: list[RichBlock]
    is_open: NotRequired[bool]

class RichBlockDivider(TypedDict):
    type: Literal["divider"]

class RichBlockDocument(TypedDict):
    type: Literal["document"]
    document: Document
    caption: NotRequired[RichBlockCaption]

class RichBlockExpandableBlockQuotation(TypedDict):
    type: Literal["expandable_blockquote"]
    text: RichText
    credit: NotRequired[RichText]

class RichBlockFooter(TypedDict):
    type: Literal["footer"]
    text: RichText

class RichBlockList(TypedDict):
    type: Literal["list"]
    items: list[RichBlockListItem]

class RichBlockListItem(TypedDict):
    label: str
    blocks: list[RichBlock]
    has_checkbox: NotRequired[bool]
    is_checked: NotRequired[bool]
    value: NotRequired[int]
    type: NotRequired[str]

class RichBlockMap(TypedDict):
    type: Literal["map"]
    location: Location
    zoom: int
    width: int
    height: int
    caption: NotRequired[RichBlockCaption]

class RichBlockMathematicalExpression(TypedDict):
    type: Literal["mathematical_expression"]
    expression: str

class RichBlockParagraph(TypedDict):
    type: Literal["paragraph"]
    text: RichText

class RichBlockPhoto(TypedDict):
    type: Literal["photo"]
    photo: list[PhotoSize]
    has_spoiler: NotRequired[bool]
    caption: NotRequired[RichBlockCaption]

class RichBlockPreformatted(TypedDict):
    type: Literal["pre"]
    text: RichText
    language: NotRequired[str]

class RichBlockPullQuotation(TypedDict):
    type: Literal["pullquote"]
    text: RichText
    credit: NotRequired[RichText]

class RichBlockSectionHeading(TypedDict):
    type: Literal["heading"]
    text: RichText
    size: int

class RichBlockSlideshow(TypedDict):
    type: Literal["slideshow"]
    blocks: list[RichBlock]
    caption: NotRequired[RichBlockCaption]

class RichBlockTable(TypedDict):
    type: Literal["table"]
    cells: list[list[RichBlockTableCell]]
    is_bordered: NotRequired[bool]
    is_striped: NotRequired[bool]
    caption: NotRequired[RichText]
    is_compact: NotRequired[bool]

class RichBlockTableCell(TypedDict):
    align: str
    valign: str
    text: NotRequired[RichText]
    is_header: NotRequired[bool]
    colspan: NotRequired[int]
    rowspan: NotRequired[int]

class RichBlockThinking(TypedDict):
    type: Literal["thinking"]
    text: RichText

class RichBlockVideo(TypedDict):
    type: Literal["video"]
    video: Video
    has_spoiler: NotRequired[bool]
    caption: NotRequired[RichBlockCaption]

class RichBlockVoiceNote(TypedDict):
    type: Literal["voice_note"]
    voice_note: Voice
    caption: NotRequired[RichBlockCaption]

class RichMessage(TypedDict):
    blocks: list[RichBlock]
    is_rtl: NotRequired[bool]

class RichMessageButton(TypedDict):
    text: RichText
    style: NotRequired[str]
    url: NotRequired[str]
    callback_data: NotRequired[str]
    web_app: NotRequired[WebAppInfo]
    login_url: NotRequired[LoginUrl]
    switch_inline_query: NotRequired[str]
    switch_inline_query_current_chat: NotRequired[str]
    switch_inline_query_chosen_chat: NotRequired[SwitchInlineQueryChosenChat]
    copy_text: NotRequired[CopyTextButton]
    disabled: NotRequired[DisabledButton]

RichText = (
    str
    | list[RichText]
    | RichTextBold
    | RichTextItalic
    | RichTextUnderline
    | RichTextStrikethrough
    | RichTextSpoiler
    | RichTextDateTime
    | RichTextTextMention
    | RichTextSubscript
    | RichTextSuperscript
    | RichTextMarked
    | RichTextCode
    | RichTextCustomEmoji
    | RichTextMathematicalExpression
    | RichTextUrl
    | RichTextEmailAddress
    | RichTextPhoneNumber
    | RichTextBankCardNumber
    | RichTextMention
    | RichTextHashtag
    | RichTextCashtag
    | RichTextBotCommand
    | RichTextButton
    | RichTextAnchor
    | RichTextAnchorLink
    | RichTextReference
    | RichTextReferenceLink
)

class RichTextAnchor(TypedDict):
    type: Literal["anchor"]
    name: str

class RichTextAnchorLink(TypedDict):
    type: Literal["anchor_link"]
    text: RichText
    anchor_name: str

class RichTextBankCardNumber(TypedDict):
    type: Literal["bank_card_number"]
    text: RichText
    bank_card_number: str

class RichTextBold(TypedDict):
    type: Literal["bold"]
    text: RichText

class RichTextBotCommand(TypedDict):
    type: Literal["bot_command"]
    text: RichText
    bot_command: str

class RichTextButton(TypedDict):
    type: Literal["button"]
    button: RichMessageButton

class RichTextCashtag(TypedDict):
    type: Literal["cashtag"]
    text: RichText
    cashtag: str

class RichTextCode(TypedDict):
    type: Literal["code"]
    text: RichText

class RichTextCustomEmoji(TypedDict):
    type: Literal["custom_emoji"]
    custom_emoji_id: str
    alternative_text: str

class RichTextDateTime(TypedDict):
    type: Literal["date_time"]
    text: RichText
    unix_time: int
    date_time_format: str

class RichTextEmailAddress(TypedDict):
    type: Literal["email_address"]
    text: RichText
    email_address: str

class RichTextHashtag(TypedDict):
    type: Literal["hashtag"]
    text: RichText
    hashtag: str

class RichTextItalic(TypedDict):
    type: Literal["italic"]
    text: RichText

class RichTextMarked(TypedDict):
    type: Literal["marked"]
    text: RichText

class RichTextMathematicalExpression(TypedDict):
    type: Literal["mathematical_expression"]
    expression: str

class RichTextMention(TypedDict):
    type: Literal["mention"]
    text: RichText
    username: str

class RichTextPhoneNumber(TypedDict):
    type: Literal["phone_number"]
    text: RichText
    phone_number: str

class RichTextReference(TypedDict):
    type: Literal["reference"]
    text: RichText
    name: str

class RichTextReferenceLink(TypedDict):
    type: Literal["reference_link"]
    text: RichText
    reference_name: str

class RichTextSpoiler(TypedDict):
    type: Literal["spoiler"]
    text: RichText

class RichTextStrikethrough(TypedDict):
    type: Literal["strikethrough"]
    text: RichText

class RichTextSubscript(TypedDict):
    type: Literal["subscript"]
    text: RichText

class RichTextSuperscript(TypedDict):
    type: Literal["superscript"]
    text: RichText

class RichTextTextMention(TypedDict):
    type: Literal["text_mention"]
    text: RichText
    user: User

class RichTextUnderline(TypedDict):
    type: Literal["underline"]
    text: RichText

class RichTextUrl(TypedDict):
    type: Literal["url"]
    text: RichText
    url: str

class SentGuestMessage(TypedDict):
    inline_message_id: str

class SentWebAppMessage(TypedDict):
    inline_message_id: NotRequired[str]

class SharedUser(TypedDict):
    user_id: int
    first_name: NotRequired[str]
    last_name: NotRequired[str]
    username: NotRequired[str]
    photo: NotRequired[list[PhotoSize]]

class ShippingAddress(TypedDict):
    country_code: str
    state: str
    city: str
    street_line1: str
    street_line2: str
    post_code: str

class ShippingOption(TypedDict):
    id: str
    title: str
    prices: list[LabeledPrice]

ShippingQuery = TypedDict(
    "ShippingQuery",
    {
        "id": str,
        "from": User,
        "invoice_payload": str,
        "shipping_address": ShippingAddress,
    },
)

class StarAmount(TypedDict):
    amount: int
    nanostar_amount: NotRequired[int]

class StarTransaction(TypedDict):
    id: str
    amount: int
    date: int
    nanostar_amount: NotRequired[int]
    source: NotRequired[TransactionPartner]
    receiver: NotRequired[TransactionPartner]

class StarTransactions(TypedDict):
    transactions: list[StarTransaction]

class Sticker(TypedDict):
    file_id: str
    file_unique_id: str
    type: str
    width: int
    height: int
    is_animated: bool
    is_video: bool
    thumbnail: NotRequired[PhotoSize]
    emoji: NotRequired[str]
    set_name: NotRequired[str]
    premium_animation: NotRequired[File]
    mask_position: NotRequired[MaskPosition]
    custom_emoji_id: NotRequired[str]
    needs_repainting: NotRequired[bool]
    file_size: NotRequired[int]

class StickerSet(TypedDict):
    name: str
    title: str
    sticker_type: str
    stickers: list[Sticker]
    thumbnail: NotRequired[PhotoSize]

class Story(TypedDict):
    chat: Chat
    id: int

class StoryArea(TypedDict):
    type: StoryAreaType
    position: AreaPosition

StoryAreaType = (
    StoryAreaTypeLocation
    | StoryAreaTypeSuggestedReaction
    | StoryAreaTypeLink
    | StoryAreaTypeWeather
    | StoryAreaTypeUniqueGift
)

class StoryAreaTypeLink(TypedDict):
    type: Literal["link"]
    url: str

class StoryAreaTypeLocation(TypedDict):
    type: Literal["location"]
    latitude: float
    longitude: float
    address: NotRequired[LocationAddress]

class StoryAreaTypeSuggestedReaction(TypedDict):
    type: Literal["suggested_reaction"]
    reaction_type: ReactionType
    is_dark: NotRequired[bool]
    is_flipped: NotRequired[bool]

class StoryAreaTypeUniqueGift(TypedDict):
    type: Literal["unique_gift"]
    name: str

class StoryAreaTypeWeather(TypedDict):
    type: Literal["weather"]
    temperature: float
    emoji: str
    background_color: int

class SuccessfulPayment(TypedDict):
    currency: str
    total_amount: int
    invoice_payload: str
    telegram_payment_charge_id: str
    provider_payment_charge_id: str
    subscription_expiration_date: NotRequired[int]
    is_recurring: NotRequired[bool]
    is_first_recurring: NotRequired[bool]
    shipping_option_id: NotRequired[str]
    order_info: NotRequired[OrderInfo]

class SuggestedPostApprovalFailed(TypedDict):
    price: SuggestedPostPrice
    suggested_post_message: NotRequired[Message]

class SuggestedPostApproved(TypedDict):
    send_date: int
    suggested_post_message: NotRequired[Message]
    price: NotRequired[SuggestedPostPrice]

class SuggestedPostDeclined(TypedDict):
    suggested_post_message: NotRequired[Message]
    comment: NotRequired[str]

class SuggestedPostInfo(TypedDict):
    state: str
    price: NotRequired[SuggestedPostPrice]
    send_date: NotRequired[int]

class SuggestedPostPaid(TypedDict):
    currency: str
    suggested_post_message: NotRequired[Message]
    amount: NotRequired[int]
    star_amount: NotRequired[StarAmount]

class SuggestedPostParameters(TypedDict):
    price: NotRequired[SuggestedPostPrice]
    send_date: NotRequired[int]

class SuggestedPostPrice(TypedDict):
    currency: str
    amount: int

class SuggestedPostRefunded(TypedDict):
    reason: str
    suggested_post_message: NotRequired[Message]

class SwitchInlineQueryChosenChat(TypedDict):
    query: NotRequired[str]
    allow_user_chats: NotRequired[bool]
    allow_bot_chats: NotRequired[bool]
    allow_group_chats: NotRequired[bool]
    allow_channel_chats: NotRequired[bool]

class TextQuote(TypedDict):
    text: str
    position: int
    entities: NotRequired[list[MessageEntity]]
    is_manual: NotRequired[bool]

TransactionPartner = (
    TransactionPartnerUser
    | TransactionPartnerChat
    | TransactionPartnerAffiliateProgram
    | TransactionPartnerFragment
    | TransactionPartnerTelegramAds
    | TransactionPartnerTelegramApi
    | TransactionPartnerOther
)

class TransactionPartnerAffiliateProgram(TypedDict):
    type: Literal["affiliate_program"]
    commission_per_mille: int
    sponsor_user: NotRequired[User]

class TransactionPartnerChat(TypedDict):
    type: Literal["chat"]
    chat: Chat
    gift: NotRequired[Gift]

class TransactionPartnerFragment(TypedDict):
    type: Literal["fragment"]
    withdrawal_state: NotRequired[RevenueWithdrawalState]

class TransactionPartnerOther(TypedDict):
    type: Literal["other"]

class TransactionPartnerTelegramAds(TypedDict):
    type: Literal["telegram_ads"]

class TransactionPartnerTelegramApi(TypedDict):
    type: Literal["telegram_api"]
    request_count: int

class TransactionPartnerUser(TypedDict):
    type: Literal["user"]
    transaction_type: str
    user: User
    affiliate: NotRequired[AffiliateInfo]
    invoice_payload: NotRequired[str]
    subscription_period: NotRequired[int]
    paid_media: NotRequired[list[PaidMedia]]
    paid_media_payload: NotRequired[str]
    gift: NotRequired[Gift]
    premium_subscription_duration: NotRequired[int]

class UniqueGift(TypedDict):
    gift_id: str
    base_name: str
    name: str
    number: int
    model: UniqueGiftModel
    symbol: UniqueGiftSymbol
    backdrop: UniqueGiftBackdrop
    is_premium: NotRequired[bool]
    is_burned: NotRequired[bool]
    is_from_blockchain: NotRequired[bool]
    colors: NotRequired[UniqueGiftColors]
    publisher_chat: NotRequired[Chat]

class UniqueGiftBackdrop(TypedDict):
    name: str
    colors: UniqueGiftBackdropColors
    rarity_per_mille: int

class UniqueGiftBackdropColors(TypedDict):
    center_color: int
    edge_color: int
    symbol_color: int
    text_color: int

class UniqueGiftColors(TypedDict):
    model_custom_emoji_id: str
    symbol_custom_emoji_id: str
    light_theme_main_color: int
    light_theme_other_colors: list[int]
    dark_theme_main_color: int
    dark_theme_other_colors: list[int]

class UniqueGiftInfo(TypedDict):
    gift: UniqueGift
    origin: str
    last_resale_currency: NotRequired[str]
    last_resale_amount: NotRequired[int]
    owned_gift_id: NotRequired[str]
    transfer_star_count: NotRequired[int]
    next_transfer_date: NotRequired[int]
    text: NotRequired[str]
    entities: NotRequired[list[MessageEntity]]
    is_private: NotRequired[bool]

class UniqueGiftModel(TypedDict):
    name: str
    sticker: Sticker
    rarity_per_mille: int
    rarity: NotRequired[str]

class UniqueGiftSymbol(TypedDict):
    name: str
    sticker: Sticker
    rarity_per_mille: int

class Update(TypedDict):
    update_id: int
    message: NotRequired[Message]
    edited_message: NotRequired[Message]
    channel_post: NotRequired[Message]
    edited_channel_post: NotRequired[Message]
    business_connection: NotRequired[BusinessConnection]
    business_message: NotRequired[Message]
    edited_business_message: NotRequired[Message]
    deleted_business_messages: NotRequired[BusinessMessagesDeleted]
    guest_message: NotRequired[Message]
    message_reaction: NotRequired[MessageReactionUpdated]
    message_reaction_count: NotRequired[MessageReactionCountUpdated]
    inline_query: NotRequired[InlineQuery]
    chosen_inline_result: NotRequired[ChosenInlineResult]
    callback_query: NotRequired[CallbackQuery]
    shipping_query: NotRequired[ShippingQuery]
    pre_checkout_query: NotRequired[PreCheckoutQuery]
    purchased_paid_media: NotRequired[PaidMediaPurchased]
    poll: NotRequired[Poll]
    poll_answer: NotRequired[PollAnswer]
    my_chat_member: NotRequired[ChatMemberUpdated]
    chat_member: NotRequired[ChatMemberUpdated]
    chat_join_request: NotRequired[ChatJoinRequest]
    chat_boost: NotRequired[ChatBoostUpdated]
    removed_chat_boost: NotRequired[ChatBoostRemoved]
    managed_bot: NotRequired[ManagedBotUpdated]
    subscription: NotRequired[BotSubscriptionUpdated]
    stopped_message_generation: NotRequired[MessageGenerationStopped]
    widget_query: NotRequired[WidgetQuery]
    shared_widget_query: NotRequired[SharedWidgetQuery]

class User(TypedDict):
    id: int
    is_bot: bool
    first_name: str
    last_name: NotRequired[str]
    username: NotRequired[str]
    language_code: NotRequired[str]
    is_premium: NotRequired[bool]
    added_to_attachment_menu: NotRequired[bool]
    can_join_groups: NotRequired[bool]
    can_read_all_group_messages: NotRequired[bool]
    supports_guest_queries: NotRequired[bool]
    supports_inline_queries: NotRequired[bool]
    can_connect_to_business: NotRequired[bool]
    has_main_web_app: NotRequired[bool]
    has_topics_enabled: NotRequired[bool]
    allows_users_to_create_topics: NotRequired[bool]
    can_manage_bots: NotRequired[bool]
    supports_join_request_queries: NotRequired[bool]

class UserChatBoosts(TypedDict):
    boosts: list[ChatBoost]

class UserProfileAudios(TypedDict):
    total_count: int
    audios: list[Audio]

class UserProfilePhotos(TypedDict):
    total_count: int
    photos: list[list[PhotoSize]]

class UserRating(TypedDict):
    level: int
    rating: int
    current_level_rating: int
    next_level_rating: NotRequired[int]

class UsersShared(TypedDict):
    request_id: int
    users: list[SharedUser]

class Venue(TypedDict):
    location: Location
    title: str
    address: str
    foursquare_id: NotRequired[str]
    foursquare_type: NotRequired[str]
    google_place_id: NotRequired[str]
    google_place_type: NotRequired[str]

class Video(TypedDict):
    file_id: str
    file_unique_id: str
    width: int
    height: int
    duration: int
    thumbnail: NotRequired[PhotoSize]
    cover: NotRequired[list[PhotoSize]]
    start_timestamp: NotRequired[int]
    qualities: NotRequired[list[VideoQuality]]
    file_name: NotRequired[str]
    mime_type: NotRequired[str]
    file_size: NotRequired[int]

class VideoChatEnded(TypedDict):
    duration: int

class VideoChatParticipantsInvited(TypedDict):
    users: list[User]

class VideoChatScheduled(TypedDict):
    start_date: int

class VideoChatStarted(TypedDict): ...

class VideoNote(TypedDict):
    file_id: str
    file_unique_id: str
    length: int
    duration: int
    thumbnail: NotRequired[PhotoSize]
    file_size: NotRequired[int]

class VideoQuality(TypedDict):
    file_id: str
    file_unique_id: str
    width: int
    height: int
    codec: str
    file_size: NotRequired[int]

class Voice(TypedDict):
    file_id: str
    file_unique_id: str
    duration: int
    mime_type: NotRequired[str]
    file_size: NotRequired[int]

class WebAppData(TypedDict):
    data: str
    button_text: str

class WebAppInfo(TypedDict):
    url: str

class WebhookInfo(TypedDict):
    url: str
    has_custom_certificate: bool
    pending_update_count: int
    ip_address: NotRequired[str]
    last_error_date: NotRequired[int]
    last_error_message: NotRequired[str]
    last_synchronization_error_date: NotRequired[int]
    max_connections: NotRequired[int]
    allowed_updates: NotRequired[list[str]]

class WriteAccessAllowed(TypedDict):
    from_request: NotRequired[bool]
    web_app_name: NotRequired[str]
    from_attachment_menu: NotRequired[bool]

class AreaPosition(TypedDict):
    x_percentage: float
    y_percentage: float
    width_percentage: float
    height_percentage: float
    rotation_angle: float
    corner_radius_percentage: float

class Widget(TypedDict):
    html: str
    id: NotRequired[str]
    width: NotRequired[int]
    height: NotRequired[int]
    public_data: NotRequired[str]
    chat_data: NotRequired[str]

WidgetQuery = TypedDict(
    "WidgetQuery",
    {
        "id": str,
        "from": User,
        "chat": NotRequired[Chat],
        "message_id": NotRequired[int],
        "inline_message_id": NotRequired[str],
        "chat_instance": str,
        "chat_type": NotRequired[str],
        "widget_id": NotRequired[str],
        "type": WidgetQueryType,
        "data": str,
    },
)

SharedWidgetQuery = TypedDict(
    "SharedWidgetQuery",
    {
        "id": str,
        "from": User,
        "type": WidgetQueryType,
        "data": str,
        "widget_id": str,
    },
)

WidgetQueryType = WidgetQueryTypeData | WidgetQueryTypeSignData | WidgetQueryTypeSentTransaction

class WidgetQueryTypeData(TypedDict):
    type: Literal["data"]
    wallet_card: NotRequired[TonWalletCard]

class WidgetQueryTypeSignData(TypedDict):
    type: Literal["sign_data"]
    wallet: WidgetQueryWallet
    sign_data: str

class WidgetQueryTypeSentTransaction(TypedDict):
    type: Literal["sent_transaction"]
    wallet: WidgetQueryWallet
    msg_hash: str

class WidgetQueryWallet(TypedDict):
    address: str
    amount: str
    public_key: NotRequired[str]
    state_init: NotRequired[str]

class TonWalletCard(TypedDict):
    address: str
    amount: str
    stickers: list[TonWalletCardSticker]
    background_nft_address: NotRequired[str]

class TonWalletCardSticker(TypedDict):
    position: AreaPosition
    nft: TonNft

class TonNft(TypedDict):
    address: str
    index: str
    name: str
    description: str
    collection_address: NotRequired[str]
    attributes: NotRequired[list[TonNftAttribute]]
    gift: NotRequired[UniqueGift]

class TonNftAttribute(TypedDict):
    trait_type: str
    value: str

ChatShareTheme = ChatShareThemeEmoji | ChatShareThemeUniqueGift

class ChatShareThemeEmoji(TypedDict):
    type: Literal["emoji"]
    emojis: list[EmojiType]
    background_backdrop_id: NotRequired[int]

class ChatShareThemeUniqueGift(TypedDict):
    type: Literal["unique_gift"]
    gift: UniqueGift

class ChatShareThemeBackdrop(TypedDict):
    id: int
    name: str
    colors: UniqueGiftBackdropColors

class ChatShareThemeBackdrops(TypedDict):
    backdrops: list[ChatShareThemeBackdrop]

EmojiType = EmojiTypeEmoji | EmojiTypeCustomEmoji

class EmojiTypeEmoji(TypedDict):
    type: Literal["emoji"]
    emoji: str

class EmojiTypeCustomEmoji(TypedDict):
    type: Literal["custom_emoji"]
    custom_emoji_id: str

class InputWidgetMessageContent(TypedDict):
    html: str
    width: NotRequired[int]
    height: NotRequired[int]
    public_data: NotRequired[str]
    chat_data: NotRequired[str]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    allow_queries: NotRequired[bool]
    is_shared: NotRequired[bool]

class InputSharedWidgetMessageContent(TypedDict):
    widget_id: str
    chat_data: NotRequired[str]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]

class AddStickerToSet(TypedDict):
    method: Literal["addStickerToSet"]
    user_id: int
    name: str
    sticker: InputSticker

class AnswerCallbackQuery(TypedDict):
    method: Literal["answerCallbackQuery"]
    callback_query_id: str
    text: NotRequired[str]
    show_alert: NotRequired[bool]
    url: NotRequired[str]
    cache_time: NotRequired[int]

class AnswerChatJoinRequestQuery(TypedDict):
    method: Literal["answerChatJoinRequestQuery"]
    chat_join_request_query_id: str
    result: str

class AnswerGuestQuery(TypedDict):
    method: Literal["answerGuestQuery"]
    guest_query_id: str
    result: InlineQueryResult

class AnswerInlineQuery(TypedDict):
    method: Literal["answerInlineQuery"]
    inline_query_id: str
    results: list[InlineQueryResult]
    cache_time: NotRequired[int]
    is_personal: NotRequired[bool]
    next_offset: NotRequired[str]
    button: NotRequired[InlineQueryResultsButton]

class AnswerPreCheckoutQuery(TypedDict):
    method: Literal["answerPreCheckoutQuery"]
    pre_checkout_query_id: str
    ok: bool
    error_message: NotRequired[str]

class AnswerShippingQuery(TypedDict):
    method: Literal["answerShippingQuery"]
    shipping_query_id: str
    ok: bool
    shipping_options: NotRequired[list[ShippingOption]]
    error_message: NotRequired[str]

class AnswerWebAppQuery(TypedDict):
    method: Literal["answerWebAppQuery"]
    web_app_query_id: str
    result: InlineQueryResult

class ApproveChatJoinRequest(TypedDict):
    method: Literal["approveChatJoinRequest"]
    chat_id: int | str
    user_id: int

class ApproveSuggestedPost(TypedDict):
    method: Literal["approveSuggestedPost"]
    chat_id: int
    message_id: int
    send_date: NotRequired[int]

class BanChatMember(TypedDict):
    method: Literal["banChatMember"]
    chat_id: int | str
    user_id: int
    until_date: NotRequired[int]
    revoke_messages: NotRequired[bool]

class BanChatSenderChat(TypedDict):
    method: Literal["banChatSenderChat"]
    chat_id: int | str
    sender_chat_id: int

class Close(TypedDict):
    method: Literal["close"]

class CloseForumTopic(TypedDict):
    method: Literal["closeForumTopic"]
    chat_id: int | str
    message_thread_id: int

class CloseGeneralForumTopic(TypedDict):
    method: Literal["closeGeneralForumTopic"]
    chat_id: int | str

class ConvertGiftToStars(TypedDict):
    method: Literal["convertGiftToStars"]
    business_connection_id: str
    owned_gift_id: str

class CopyMessage(TypedDict):
    method: Literal["copyMessage"]
    chat_id: int | str
    from_chat_id: int | str
    message_id: int
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    video_start_timestamp: NotRequired[int]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    suggested_post_parameters: NotRequired[SuggestedPostParameters]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply]

class CopyMessages(TypedDict):
    method: Literal["copyMessages"]
    chat_id: int | str
    from_chat_id: int | str
    message_ids: list[int]
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    remove_caption: NotRequired[bool]

class CreateChatInviteLink(TypedDict):
    method: Literal["createChatInviteLink"]
    chat_id: int | str
    name: NotRequired[str]
    expire_date: NotRequired[int]
    member_limit: NotRequired[int]
    creates_join_request: NotRequired[bool]

class CreateChatSubscriptionInviteLink(TypedDict):
    method: Literal["createChatSubscriptionInviteLink"]
    chat_id: int | str
    subscription_period: int
    subscription_price: int
    name: NotRequired[str]

class CreateForumTopic(TypedDict):
    method: Literal["createForumTopic"]
    chat_id: int | str
    name: str
    icon_color: NotRequired[int]
    icon_custom_emoji_id: NotRequired[str]

class CreateInvoiceLink(TypedDict):
    method: Literal["createInvoiceLink"]
    title: str
    description: str
    payload: str
    currency: str
    prices: list[LabeledPrice]
    business_connection_id: NotRequired[str]
    provider_token: NotRequired[str]
    subscription_period: NotRequired[int]
    max_tip_amount: NotRequired[int]
    suggested_tip_amounts: NotRequired[list[int]]
    provider_data: NotRequired[str]
    photo_url: NotRequired[str]
    photo_size: NotRequired[int]
    photo_width: NotRequired[int]
    photo_height: NotRequired[int]
    need_name: NotRequired[bool]
    need_phone_number: NotRequired[bool]
    need_email: NotRequired[bool]
    need_shipping_address: NotRequired[bool]
    send_phone_number_to_provider: NotRequired[bool]
    send_email_to_provider: NotRequired[bool]
    is_flexible: NotRequired[bool]

class CreateNewStickerSet(TypedDict):
    method: Literal["createNewStickerSet"]
    user_id: int
    name: str
    title: str
    stickers: list[InputSticker]
    sticker_type: NotRequired[str]
    needs_repainting: NotRequired[bool]

class DeclineChatJoinRequest(TypedDict):
    method: Literal["declineChatJoinRequest"]
    chat_id: int | str
    user_id: int

class DeclineSuggestedPost(TypedDict):
    method: Literal["declineSuggestedPost"]
    chat_id: int
    message_id: int
    comment: NotRequired[str]

class DeleteAllMessageReactions(TypedDict):
    method: Literal["deleteAllMessageReactions"]
    chat_id: int | str
    user_id: NotRequired[int]
    actor_chat_id: NotRequired[int]

class DeleteBusinessMessages(TypedDict):
    method: Literal["deleteBusinessMessages"]
    business_connection_id: str
    message_ids: list[int]

class DeleteChatPhoto(TypedDict):
    method: Literal["deleteChatPhoto"]
    chat_id: int | str

class DeleteChatStickerSet(TypedDict):
    method: Literal["deleteChatStickerSet"]
    chat_id: int | str

class DeleteEphemeralMessage(TypedDict):
    method: Literal["deleteEphemeralMessage"]
    chat_id: int | str
    receiver_user_id: int
    ephemeral_message_id: int

class DeleteForumTopic(TypedDict):
    method: Literal["deleteForumTopic"]
    chat_id: int | str
    message_thread_id: int

class DeleteMessage(TypedDict):
    method: Literal["deleteMessage"]
    chat_id: int | str
    message_id: int

class DeleteMessageReaction(TypedDict):
    method: Literal["deleteMessageReaction"]
    chat_id: int | str
    message_id: int
    user_id: NotRequired[int]
    actor_chat_id: NotRequired[int]

class DeleteMessages(TypedDict):
    method: Literal["deleteMessages"]
    chat_id: int | str
    message_ids: list[int]

class DeleteMyCommands(TypedDict):
    method: Literal["deleteMyCommands"]
    scope: NotRequired[BotCommandScope]
    language_code: NotRequired[str]

class DeleteStickerFromSet(TypedDict):
    method: Literal["deleteStickerFromSet"]
    sticker: str

class DeleteStickerSet(TypedDict):
    method: Literal["deleteStickerSet"]
    name: str

class DeleteStory(TypedDict):
    method: Literal["deleteStory"]
    business_connection_id: str
    story_id: int

class DeleteWebhook(TypedDict):
    method: Literal["deleteWebhook"]
    drop_pending_updates: NotRequired[bool]

class EditChatInviteLink(TypedDict):
    method: Literal["editChatInviteLink"]
    chat_id: int | str
    invite_link: str
    name: NotRequired[str]
    expire_date: NotRequired[int]
    member_limit: NotRequired[int]
    creates_join_request: NotRequired[bool]

class EditChatSubscriptionInviteLink(TypedDict):
    method: Literal["editChatSubscriptionInviteLink"]
    chat_id: int | str
    invite_link: str
    name: NotRequired[str]

class EditEphemeralMessageCaption(TypedDict):
    method: Literal["editEphemeralMessageCaption"]
    chat_id: int | str
    receiver_user_id: int
    ephemeral_message_id: int
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    reply_markup: NotRequired[InlineKeyboardMarkup]
    show_caption_above_media: NotRequired[bool]

class EditEphemeralMessageMedia(TypedDict):
    method: Literal["editEphemeralMessageMedia"]
    chat_id: int | str
    receiver_user_id: int
    ephemeral_message_id: int
    media: InputMedia
    reply_markup: NotRequired[InlineKeyboardMarkup]

class EditEphemeralMessageReplyMarkup(TypedDict):
    method: Literal["editEphemeralMessageReplyMarkup"]
    chat_id: int | str
    receiver_user_id: int
    ephemeral_message_id: int
    reply_markup: NotRequired[InlineKeyboardMarkup]

class EditEphemeralMessageText(TypedDict):
    method: Literal["editEphemeralMessageText"]
    chat_id: int | str
    receiver_user_id: int
    ephemeral_message_id: int
    text: NotRequired[str]
    parse_mode: NotRequired[str]
    entities: NotRequired[list[MessageEntity]]
    link_preview_options: NotRequired[LinkPreviewOptions]
    reply_markup: NotRequired[InlineKeyboardMarkup]
    rich_message: NotRequired[InputRichMessage]

class EditForumTopic(TypedDict):
    method: Literal["editForumTopic"]
    chat_id: int | str
    message_thread_id: int
    name: NotRequired[str]
    icon_custom_emoji_id: NotRequired[str]

class EditGeneralForumTopic(TypedDict):
    method: Literal["editGeneralForumTopic"]
    chat_id: int | str
    name: str

class EditMessageCaption(TypedDict):
    method: Literal["editMessageCaption"]
    business_connection_id: NotRequired[str]
    chat_id: NotRequired[int | str]
    message_id: NotRequired[int]
    inline_message_id: NotRequired[str]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    reply_markup: NotRequired[InlineKeyboardMarkup]

class EditMessageChecklist(TypedDict):
    method: Literal["editMessageChecklist"]
    business_connection_id: str
    chat_id: int | str
    message_id: int
    checklist: InputChecklist
    reply_markup: NotRequired[InlineKeyboardMarkup]

class EditMessageLiveLocation(TypedDict):
    method: Literal["editMessageLiveLocation"]
    latitude: float
    longitude: float
    business_connection_id: NotRequired[str]
    chat_id: NotRequired[int | str]
    message_id: NotRequired[int]
    inline_message_id: NotRequired[str]
    live_period: NotRequired[int]
    horizontal_accuracy: NotRequired[float]
    heading: NotRequired[int]
    proximity_alert_radius: NotRequired[int]
    reply_markup: NotRequired[InlineKeyboardMarkup]

class EditMessageMedia(TypedDict):
    method: Literal["editMessageMedia"]
    media: InputMedia
    business_connection_id: NotRequired[str]
    chat_id: NotRequired[int | str]
    message_id: NotRequired[int]
    inline_message_id: NotRequired[str]
    reply_markup: NotRequired[InlineKeyboardMarkup]

class EditMessageReplyMarkup(TypedDict):
    method: Literal["editMessageReplyMarkup"]
    business_connection_id: NotRequired[str]
    chat_id: NotRequired[int | str]
    message_id: NotRequired[int]
    inline_message_id: NotRequired[str]
    reply_markup: NotRequired[InlineKeyboardMarkup]

class EditMessageText(TypedDict):
    method: Literal["editMessageText"]
    text: NotRequired[str]
    business_connection_id: NotRequired[str]
    chat_id: NotRequired[int | str]
    message_id: NotRequired[int]
    inline_message_id: NotRequired[str]
    parse_mode: NotRequired[str]
    entities: NotRequired[list[MessageEntity]]
    link_preview_options: NotRequired[LinkPreviewOptions]
    reply_markup: NotRequired[InlineKeyboardMarkup]
    rich_message: NotRequired[InputRichMessage]

class EditStory(TypedDict):
    method: Literal["editStory"]
    business_connection_id: str
    story_id: int
    content: InputStoryContent
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    areas: NotRequired[list[StoryArea]]

class EditUserStarSubscription(TypedDict):
    method: Literal["editUserStarSubscription"]
    user_id: int
    telegram_payment_charge_id: str
    is_canceled: bool

class ExportChatInviteLink(TypedDict):
    method: Literal["exportChatInviteLink"]
    chat_id: int | str

class ForwardMessage(TypedDict):
    method: Literal["forwardMessage"]
    chat_id: int | str
    from_chat_id: int | str
    message_id: int
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    video_start_timestamp: NotRequired[int]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    message_effect_id: NotRequired[str]
    suggested_post_parameters: NotRequired[SuggestedPostParameters]

class ForwardMessages(TypedDict):
    method: Literal["forwardMessages"]
    chat_id: int | str
    from_chat_id: int | str
    message_ids: list[int]
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]

class GetAvailableGifts(TypedDict):
    method: Literal["getAvailableGifts"]

class GetBusinessAccountGifts(TypedDict):
    method: Literal["getBusinessAccountGifts"]
    business_connection_id: str
    exclude_unsaved: NotRequired[bool]
    exclude_saved: NotRequired[bool]
    exclude_unlimited: NotRequired[bool]
    exclude_limited_upgradable: NotRequired[bool]
    exclude_limited_non_upgradable: NotRequired[bool]
    exclude_unique: NotRequired[bool]
    exclude_from_blockchain: NotRequired[bool]
    sort_by_price: NotRequired[bool]
    offset: NotRequired[str]
    limit: NotRequired[int]

class GetBusinessAccountStarBalance(TypedDict):
    method: Literal["getBusinessAccountStarBalance"]
    business_connection_id: str

class GetBusinessConnection(TypedDict):
    method: Literal["getBusinessConnection"]
    business_connection_id: str

class GetChat(TypedDict):
    method: Literal["getChat"]
    chat_id: int | str

class GetChatAdministrators(TypedDict):
    method: Literal["getChatAdministrators"]
    chat_id: int | str
    return_bots: NotRequired[bool]

class GetChatGifts(TypedDict):
    method: Literal["getChatGifts"]
    chat_id: int | str
    exclude_unsaved: NotRequired[bool]
    exclude_saved: NotRequired[bool]
    exclude_unlimited: NotRequired[bool]
    exclude_limited_upgradable: NotRequired[bool]
    exclude_limited_non_upgradable: NotRequired[bool]
    exclude_from_blockchain: NotRequired[bool]
    exclude_unique: NotRequired[bool]
    sort_by_price: NotRequired[bool]
    offset: NotRequired[str]
    limit: NotRequired[int]

class GetChatMember(TypedDict):
    method: Literal["getChatMember"]
    chat_id: int | str
    user_id: int

class GetChatMemberCount(TypedDict):
    method: Literal["getChatMemberCount"]
    chat_id: int | str

class GetChatMenuButton(TypedDict):
    method: Literal["getChatMenuButton"]
    chat_id: NotRequired[int]

class GetCustomEmojiStickers(TypedDict):
    method: Literal["getCustomEmojiStickers"]
    custom_emoji_ids: list[str]

class GetFile(TypedDict):
    method: Literal["getFile"]
    file_id: str

class GetForumTopicIconStickers(TypedDict):
    method: Literal["getForumTopicIconStickers"]

class GetGameHighScores(TypedDict):
    method: Literal["getGameHighScores"]
    user_id: int
    chat_id: NotRequired[int]
    message_id: NotRequired[int]
    inline_message_id: NotRequired[str]

class GetManagedBotAccessSettings(TypedDict):
    method: Literal["getManagedBotAccessSettings"]
    user_id: int

class GetManagedBotToken(TypedDict):
    method: Literal["getManagedBotToken"]
    user_id: int

class GetMe(TypedDict):
    method: Literal["getMe"]

class GetMyCommands(TypedDict):
    method: Literal["getMyCommands"]
    scope: NotRequired[BotCommandScope]
    language_code: NotRequired[str]

class GetMyDefaultAdministratorRights(TypedDict):
    method: Literal["getMyDefaultAdministratorRights"]
    for_channels: NotRequired[bool]

class GetMyDescription(TypedDict):
    method: Literal["getMyDescription"]
    language_code: NotRequired[str]

class GetMyName(TypedDict):
    method: Literal["getMyName"]
    language_code: NotRequired[str]

class GetMyShortDescription(TypedDict):
    method: Literal["getMyShortDescription"]
    language_code: NotRequired[str]

class GetMyStarBalance(TypedDict):
    method: Literal["getMyStarBalance"]

class GetStarTransactions(TypedDict):
    method: Literal["getStarTransactions"]
    offset: NotRequired[int]
    limit: NotRequired[int]

class GetStickerSet(TypedDict):
    method: Literal["getStickerSet"]
    name: str

class GetUpdates(TypedDict):
    method: Literal["getUpdates"]
    offset: NotRequired[int]
    limit: NotRequired[int]
    timeout: NotRequired[int]
    allowed_updates: NotRequired[list[str]]

class GetUserChatBoosts(TypedDict):
    method: Literal["getUserChatBoosts"]
    chat_id: int | str
    user_id: int

class GetUserGifts(TypedDict):
    method: Literal["getUserGifts"]
    user_id: int
    exclude_unlimited: NotRequired[bool]
    exclude_limited_upgradable: NotRequired[bool]
    exclude_limited_non_upgradable: NotRequired[bool]
    exclude_from_blockchain: NotRequired[bool]
    exclude_unique: NotRequired[bool]
    sort_by_price: NotRequired[bool]
    offset: NotRequired[str]
    limit: NotRequired[int]

class GetUserPersonalChatMessages(TypedDict):
    method: Literal["getUserPersonalChatMessages"]
    user_id: int
    limit: int

class GetUserProfileAudios(TypedDict):
    method: Literal["getUserProfileAudios"]
    user_id: int
    offset: NotRequired[int]
    limit: NotRequired[int]

class GetUserProfilePhotos(TypedDict):
    method: Literal["getUserProfilePhotos"]
    user_id: int
    offset: NotRequired[int]
    limit: NotRequired[int]

class GetWebhookInfo(TypedDict):
    method: Literal["getWebhookInfo"]

class GiftPremiumSubscription(TypedDict):
    method: Literal["giftPremiumSubscription"]
    user_id: int
    month_count: int
    star_count: int
    text: NotRequired[str]
    text_parse_mode: NotRequired[str]
    text_entities: NotRequired[list[MessageEntity]]

class HideGeneralForumTopic(TypedDict):
    method: Literal["hideGeneralForumTopic"]
    chat_id: int | str

class LeaveChat(TypedDict):
    method: Literal["leaveChat"]
    chat_id: int | str

class LogOut(TypedDict):
    method: Literal["logOut"]

class PinChatMessage(TypedDict):
    method: Literal["pinChatMessage"]
    chat_id: int | str
    message_id: int
    business_connection_id: NotRequired[str]
    disable_notification: NotRequired[bool]

class PostStory(TypedDict):
    method: Literal["postStory"]
    business_connection_id: str
    content: InputStoryContent
    active_period: int
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    areas: NotRequired[list[StoryArea]]
    post_to_chat_page: NotRequired[bool]
    protect_content: NotRequired[bool]

class PromoteChatMember(TypedDict):
    method: Literal["promoteChatMember"]
    chat_id: int | str
    user_id: int
    is_anonymous: NotRequired[bool]
    can_manage_chat: NotRequired[bool]
    can_delete_messages: NotRequired[bool]
    can_manage_video_chats: NotRequired[bool]
    can_restrict_members: NotRequired[bool]
    can_promote_members: NotRequired[bool]
    can_change_info: NotRequired[bool]
    can_invite_users: NotRequired[bool]
    can_post_stories: NotRequired[bool]
    can_edit_stories: NotRequired[bool]
    can_delete_stories: NotRequired[bool]
    can_post_messages: NotRequired[bool]
    can_edit_messages: NotRequired[bool]
    can_pin_messages: NotRequired[bool]
    can_manage_topics: NotRequired[bool]
    can_manage_direct_messages: NotRequired[bool]
    can_manage_tags: NotRequired[bool]
    can_send_welcome_messages: NotRequired[bool]

class ReadBusinessMessage(TypedDict):
    method: Literal["readBusinessMessage"]
    business_connection_id: str
    chat_id: int
    message_id: int

class RefundStarPayment(TypedDict):
    method: Literal["refundStarPayment"]
    user_id: int
    telegram_payment_charge_id: str

class RemoveBusinessAccountProfilePhoto(TypedDict):
    method: Literal["removeBusinessAccountProfilePhoto"]
    business_connection_id: str
    is_public: NotRequired[bool]

class RemoveChatVerification(TypedDict):
    method: Literal["removeChatVerification"]
    chat_id: int | str

class RemoveMyProfilePhoto(TypedDict):
    method: Literal["removeMyProfilePhoto"]

class RemoveUserVerification(TypedDict):
    method: Literal["removeUserVerification"]
    user_id: int

class ReopenForumTopic(TypedDict):
    method: Literal["reopenForumTopic"]
    chat_id: int | str
    message_thread_id: int

class ReopenGeneralForumTopic(TypedDict):
    method: Literal["reopenGeneralForumTopic"]
    chat_id: int | str

class ReplaceManagedBotToken(TypedDict):
    method: Literal["replaceManagedBotToken"]
    user_id: int

class ReplaceStickerInSet(TypedDict):
    method: Literal["replaceStickerInSet"]
    user_id: int
    name: str
    old_sticker: str
    sticker: InputSticker

class RepostStory(TypedDict):
    method: Literal["repostStory"]
    business_connection_id: str
    from_chat_id: int
    from_story_id: int
    active_period: int
    post_to_chat_page: NotRequired[bool]
    protect_content: NotRequired[bool]

class RestrictChatMember(TypedDict):
    method: Literal["restrictChatMember"]
    chat_id: int | str
    user_id: int
    permissions: ChatPermissions
    use_independent_chat_permissions: NotRequired[bool]
    until_date: NotRequired[int]

class RevokeChatInviteLink(TypedDict):
    method: Literal["revokeChatInviteLink"]
    chat_id: int | str
    invite_link: str

class SavePreparedInlineMessage(TypedDict):
    method: Literal["savePreparedInlineMessage"]
    user_id: int
    result: InlineQueryResult
    allow_user_chats: NotRequired[bool]
    allow_bot_chats: NotRequired[bool]
    allow_group_chats: NotRequired[bool]
    allow_channel_chats: NotRequired[bool]

class SavePreparedKeyboardButton(TypedDict):
    method: Literal["savePreparedKeyboardButton"]
    user_id: int
    button: KeyboardButton

class SendAnimation(TypedDict):
    method: Literal["sendAnimation"]
    animation: InputFile | str
    business_connection_id: NotRequired[str]
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    duration: NotRequired[int]
    width: NotRequired[int]
    height: NotRequired[int]
    thumbnail: NotRequired[InputFile | str]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    has_spoiler: NotRequired[bool]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    suggested_post_parameters: NotRequired[SuggestedPostParameters]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply]
    ephemeral_message_parameters: NotRequired[EphemeralMessageParameters]
    chat_id: NotRequired[int | str]

class SendAudio(TypedDict):
    method: Literal["sendAudio"]
    audio: InputFile | str
    business_connection_id: NotRequired[str]
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    duration: NotRequired[int]
    performer: NotRequired[str]
    title: NotRequired[str]
    thumbnail: NotRequired[InputFile | str]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    suggested_post_parameters: NotRequired[SuggestedPostParameters]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply]
    ephemeral_message_parameters: NotRequired[EphemeralMessageParameters]
    chat_id: NotRequired[int | str]

class SendChatAction(TypedDict):
    method: Literal["sendChatAction"]
    chat_id: int | str
    action: str
    business_connection_id: NotRequired[str]
    message_thread_id: NotRequired[int]

class SendChatJoinRequestWebApp(TypedDict):
    method: Literal["sendChatJoinRequestWebApp"]
    chat_join_request_query_id: str
    web_app_url: str

class SendChecklist(TypedDict):
    method: Literal["sendChecklist"]
    business_connection_id: str
    chat_id: int | str
    checklist: InputChecklist
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    message_effect_id: NotRequired[str]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup]

class SendContact(TypedDict):
    method: Literal["sendContact"]
    phone_number: str
    first_name: str
    business_connection_id: NotRequired[str]
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    last_name: NotRequired[str]
    vcard: NotRequired[str]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    suggested_post_parameters: NotRequired[SuggestedPostParameters]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply]
    ephemeral_message_parameters: NotRequired[EphemeralMessageParameters]
    chat_id: NotRequired[int | str]

class SendDice(TypedDict):
    method: Literal["sendDice"]
    chat_id: int | str
    business_connection_id: NotRequired[str]
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    emoji: NotRequired[str]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    suggested_post_parameters: NotRequired[SuggestedPostParameters]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply]

class SendDocument(TypedDict):
    method: Literal["sendDocument"]
    document: InputFile | str
    business_connection_id: NotRequired[str]
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    thumbnail: NotRequired[InputFile | str]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    disable_content_type_detection: NotRequired[bool]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    suggested_post_parameters: NotRequired[SuggestedPostParameters]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply]
    ephemeral_message_parameters: NotRequired[EphemeralMessageParameters]
    chat_id: NotRequired[int | str]

class SendGame(TypedDict):
    method: Literal["sendGame"]
    chat_id: int | str
    game_short_name: str
    business_connection_id: NotRequired[str]
    message_thread_id: NotRequired[int]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup]

class SendGift(TypedDict):
    method: Literal["sendGift"]
    gift_id: str
    user_id: NotRequired[int]
    chat_id: NotRequired[int | str]
    pay_for_upgrade: NotRequired[bool]
    text: NotRequired[str]
    text_parse_mode: NotRequired[str]
    text_entities: NotRequired[list[MessageEntity]]

class SendInvoice(TypedDict):
    method: Literal["sendInvoice"]
    chat_id: int | str
    title: str
    description: str
    payload: str
    currency: str
    prices: list[LabeledPrice]
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    provider_token: NotRequired[str]
    max_tip_amount: NotRequired[int]
    suggested_tip_amounts: NotRequired[list[int]]
    start_parameter: NotRequired[str]
    provider_data: NotRequired[str]
    photo_url: NotRequired[str]
    photo_size: NotRequired[int]
    photo_width: NotRequired[int]
    photo_height: NotRequired[int]
    need_name: NotRequired[bool]
    need_phone_number: NotRequired[bool]
    need_email: NotRequired[bool]
    need_shipping_address: NotRequired[bool]
    send_phone_number_to_provider: NotRequired[bool]
    send_email_to_provider: NotRequired[bool]
    is_flexible: NotRequired[bool]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    suggested_post_parameters: NotRequired[SuggestedPostParameters]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup]

class SendLivePhoto(TypedDict):
    method: Literal["sendLivePhoto"]
    live_photo: InputFile | str
    photo: InputFile | str
    business_connection_id: NotRequired[str]
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    has_spoiler: NotRequired[bool]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    suggested_post_parameters: NotRequired[SuggestedPostParameters]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply]
    ephemeral_message_parameters: NotRequired[EphemeralMessageParameters]
    chat_id: NotRequired[int | str]

class SendLocation(TypedDict):
    method: Literal["sendLocation"]
    latitude: float
    longitude: float
    business_connection_id: NotRequired[str]
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    horizontal_accuracy: NotRequired[float]
    live_period: NotRequired[int]
    heading: NotRequired[int]
    proximity_alert_radius: NotRequired[int]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    suggested_post_parameters: NotRequired[SuggestedPostParameters]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply]
    ephemeral_message_parameters: NotRequired[EphemeralMessageParameters]
    chat_id: NotRequired[int | str]

class SendMediaGroup(TypedDict):
    method: Literal["sendMediaGroup"]
    chat_id: int | str
    media: list[InputMediaAudio | InputMediaDocument | InputMediaLivePhoto | InputMediaPhoto | InputMediaVideo]
    business_connection_id: NotRequired[str]
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    reply_parameters: NotRequired[ReplyParameters]

class SendMessage(TypedDict):
    method: Literal["sendMessage"]
    text: str
    business_connection_id: NotRequired[str]
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    parse_mode: NotRequired[str]
    entities: NotRequired[list[MessageEntity]]
    link_preview_options: NotRequired[LinkPreviewOptions]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    suggested_post_parameters: NotRequired[SuggestedPostParameters]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply]
    ephemeral_message_parameters: NotRequired[EphemeralMessageParameters]
    chat_id: NotRequired[int | str]

class SendMessageDraft(TypedDict):
    method: Literal["sendMessageDraft"]
    chat_id: int
    draft_id: int
    message_thread_id: NotRequired[int]
    text: NotRequired[str]
    parse_mode: NotRequired[str]
    entities: NotRequired[list[MessageEntity]]
    can_stop: NotRequired[bool]
    keep_on_stop: NotRequired[bool]

class SendPaidMedia(TypedDict):
    method: Literal["sendPaidMedia"]
    chat_id: int | str
    star_count: int
    media: list[InputPaidMedia]
    business_connection_id: NotRequired[str]
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    payload: NotRequired[str]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    suggested_post_parameters: NotRequired[SuggestedPostParameters]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply]

class SendPhoto(TypedDict):
    method: Literal["sendPhoto"]
    photo: InputFile | str
    business_connection_id: NotRequired[str]
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    has_spoiler: NotRequired[bool]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    suggested_post_parameters: NotRequired[SuggestedPostParameters]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply]
    ephemeral_message_parameters: NotRequired[EphemeralMessageParameters]
    chat_id: NotRequired[int | str]

class SendPoll(TypedDict):
    method: Literal["sendPoll"]
    chat_id: int | str
    question: str
    options: list[InputPollOption]
    business_connection_id: NotRequired[str]
    message_thread_id: NotRequired[int]
    question_parse_mode: NotRequired[str]
    question_entities: NotRequired[list[MessageEntity]]
    is_anonymous: NotRequired[bool]
    type: NotRequired[str]
    allows_multiple_answers: NotRequired[bool]
    allows_revoting: NotRequired[bool]
    shuffle_options: NotRequired[bool]
    allow_adding_options: NotRequired[bool]
    hide_results_until_closes: NotRequired[bool]
    members_only: NotRequired[bool]
    country_codes: NotRequired[list[str]]
    correct_option_ids: NotRequired[list[int]]
    explanation: NotRequired[str]
    explanation_parse_mode: NotRequired[str]
    explanation_entities: NotRequired[list[MessageEntity]]
    explanation_media: NotRequired[InputPollMedia]
    open_period: NotRequired[int]
    close_date: NotRequired[int]
    is_closed: NotRequired[bool]
    description: NotRequired[str]
    description_parse_mode: NotRequired[str]
    description_entities: NotRequired[list[MessageEntity]]
    media: NotRequired[InputPollMedia]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply]

class SendRichMessage(TypedDict):
    method: Literal["sendRichMessage"]
    rich_message: InputRichMessage
    business_connection_id: NotRequired[str]
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    suggested_post_parameters: NotRequired[SuggestedPostParameters]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply]
    ephemeral_message_parameters: NotRequired[EphemeralMessageParameters]
    chat_id: NotRequired[int | str]

class SendRichMessageDraft(TypedDict):
    method: Literal["sendRichMessageDraft"]
    chat_id: int
    draft_id: int
    rich_message: InputRichMessage
    message_thread_id: NotRequired[int]
    can_stop: NotRequired[bool]
    keep_on_stop: NotRequired[bool]

class SendSticker(TypedDict):
    method: Literal["sendSticker"]
    sticker: InputFile | str
    business_connection_id: NotRequired[str]
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    emoji: NotRequired[str]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    suggested_post_parameters: NotRequired[SuggestedPostParameters]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply]
    ephemeral_message_parameters: NotRequired[EphemeralMessageParameters]
    chat_id: NotRequired[int | str]

class SendVenue(TypedDict):
    method: Literal["sendVenue"]
    latitude: float
    longitude: float
    title: str
    address: str
    business_connection_id: NotRequired[str]
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    foursquare_id: NotRequired[str]
    foursquare_type: NotRequired[str]
    google_place_id: NotRequired[str]
    google_place_type: NotRequired[str]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    suggested_post_parameters: NotRequired[SuggestedPostParameters]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply]
    ephemeral_message_parameters: NotRequired[EphemeralMessageParameters]
    chat_id: NotRequired[int | str]

class SendVideo(TypedDict):
    method: Literal["sendVideo"]
    video: InputFile | str
    business_connection_id: NotRequired[str]
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    duration: NotRequired[int]
    width: NotRequired[int]
    height: NotRequired[int]
    thumbnail: NotRequired[InputFile | str]
    cover: NotRequired[InputFile | str]
    start_timestamp: NotRequired[int]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    has_spoiler: NotRequired[bool]
    supports_streaming: NotRequired[bool]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    suggested_post_parameters: NotRequired[SuggestedPostParameters]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply]
    ephemeral_message_parameters: NotRequired[EphemeralMessageParameters]
    chat_id: NotRequired[int | str]

class SendVideoNote(TypedDict):
    method: Literal["sendVideoNote"]
    video_note: InputFile | str
    business_connection_id: NotRequired[str]
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    duration: NotRequired[int]
    length: NotRequired[int]
    thumbnail: NotRequired[InputFile | str]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    suggested_post_parameters: NotRequired[SuggestedPostParameters]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply]
    ephemeral_message_parameters: NotRequired[EphemeralMessageParameters]
    chat_id: NotRequired[int | str]

class SendVoice(TypedDict):
    method: Literal["sendVoice"]
    voice: InputFile | str
    business_connection_id: NotRequired[str]
    message_thread_id: NotRequired[int]
    direct_messages_topic_id: NotRequired[int]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    duration: NotRequired[int]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    suggested_post_parameters: NotRequired[SuggestedPostParameters]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply]
    ephemeral_message_parameters: NotRequired[EphemeralMessageParameters]
    chat_id: NotRequired[int | str]

class SetBusinessAccountBio(TypedDict):
    method: Literal["setBusinessAccountBio"]
    business_connection_id: str
    bio: NotRequired[str]

class SetBusinessAccountGiftSettings(TypedDict):
    method: Literal["setBusinessAccountGiftSettings"]
    business_connection_id: str
    show_gift_button: bool
    accepted_gift_types: AcceptedGiftTypes

class SetBusinessAccountName(TypedDict):
    method: Literal["setBusinessAccountName"]
    business_connection_id: str
    first_name: str
    last_name: NotRequired[str]

class SetBusinessAccountProfilePhoto(TypedDict):
    method: Literal["setBusinessAccountProfilePhoto"]
    business_connection_id: str
    photo: InputProfilePhoto
    is_public: NotRequired[bool]

class SetBusinessAccountUsername(TypedDict):
    method: Literal["setBusinessAccountUsername"]
    business_connection_id: str
    username: NotRequired[str]

class SetChatAdministratorCustomTitle(TypedDict):
    method: Literal["setChatAdministratorCustomTitle"]
    chat_id: int | str
    user_id: int
    custom_title: str

class SetChatDescription(TypedDict):
    method: Literal["setChatDescription"]
    chat_id: int | str
    description: NotRequired[str]

class SetChatMemberTag(TypedDict):
    method: Literal["setChatMemberTag"]
    chat_id: int | str
    user_id: int
    tag: NotRequired[str]

class SetChatMenuButton(TypedDict):
    method: Literal["setChatMenuButton"]
    chat_id: NotRequired[int]
    menu_button: NotRequired[MenuButton]

class SetChatPermissions(TypedDict):
    method: Literal["setChatPermissions"]
    chat_id: int | str
    permissions: ChatPermissions
    use_independent_chat_permissions: NotRequired[bool]

class SetChatPhoto(TypedDict):
    method: Literal["setChatPhoto"]
    chat_id: int | str
    photo: InputFile

class SetChatStickerSet(TypedDict):
    method: Literal["setChatStickerSet"]
    chat_id: int | str
    sticker_set_name: str

class SetChatTitle(TypedDict):
    method: Literal["setChatTitle"]
    chat_id: int | str
    title: str

class SetCustomEmojiStickerSetThumbnail(TypedDict):
    method: Literal["setCustomEmojiStickerSetThumbnail"]
    name: str
    custom_emoji_id: NotRequired[str]

class SetGameScore(TypedDict):
    method: Literal["setGameScore"]
    user_id: int
    score: int
    force: NotRequired[bool]
    disable_edit_message: NotRequired[bool]
    chat_id: NotRequired[int]
    message_id: NotRequired[int]
    inline_message_id: NotRequired[str]

class SetManagedBotAccessSettings(TypedDict):
    method: Literal["setManagedBotAccessSettings"]
    user_id: int
    is_access_restricted: bool
    added_user_ids: NotRequired[list[int]]

class SetMessageReaction(TypedDict):
    method: Literal["setMessageReaction"]
    chat_id: int | str
    message_id: int
    reaction: NotRequired[list[ReactionType]]
    is_big: NotRequired[bool]

class SetMyCommands(TypedDict):
    method: Literal["setMyCommands"]
    commands: list[BotCommand]
    scope: NotRequired[BotCommandScope]
    language_code: NotRequired[str]

class SetMyDefaultAdministratorRights(TypedDict):
    method: Literal["setMyDefaultAdministratorRights"]
    rights: NotRequired[ChatAdministratorRights]
    for_channels: NotRequired[bool]

class SetMyDescription(TypedDict):
    method: Literal["setMyDescription"]
    description: NotRequired[str]
    language_code: NotRequired[str]

class SetMyName(TypedDict):
    method: Literal["setMyName"]
    name: NotRequired[str]
    language_code: NotRequired[str]

class SetMyProfilePhoto(TypedDict):
    method: Literal["setMyProfilePhoto"]
    photo: InputProfilePhoto

class SetMyShortDescription(TypedDict):
    method: Literal["setMyShortDescription"]
    short_description: NotRequired[str]
    language_code: NotRequired[str]

class SetPassportDataErrors(TypedDict):
    method: Literal["setPassportDataErrors"]
    user_id: int
    errors: list[PassportElementError]

class SetStickerEmojiList(TypedDict):
    method: Literal["setStickerEmojiList"]
    sticker: str
    emoji_list: list[str]

class SetStickerKeywords(TypedDict):
    method: Literal["setStickerKeywords"]
    sticker: str
    keywords: NotRequired[list[str]]

class SetStickerMaskPosition(TypedDict):
    method: Literal["setStickerMaskPosition"]
    sticker: str
    mask_position: NotRequired[MaskPosition]

class SetStickerPositionInSet(TypedDict):
    method: Literal["setStickerPositionInSet"]
    sticker: str
    position: int

class SetStickerSetThumbnail(TypedDict):
    method: Literal["setStickerSetThumbnail"]
    name: str
    user_id: int
    format: str
    thumbnail: NotRequired[InputFile | str]

class SetStickerSetTitle(TypedDict):
    method: Literal["setStickerSetTitle"]
    name: str
    title: str

class SetUserEmojiStatus(TypedDict):
    method: Literal["setUserEmojiStatus"]
    user_id: int
    emoji_status_custom_emoji_id: NotRequired[str]
    emoji_status_expiration_date: NotRequired[int]

class SetWebhook(TypedDict):
    method: Literal["setWebhook"]
    url: str
    certificate: NotRequired[InputFile]
    ip_address: NotRequired[str]
    max_connections: NotRequired[int]
    allowed_updates: NotRequired[list[str]]
    drop_pending_updates: NotRequired[bool]
    secret_token: NotRequired[str]

class StopMessageLiveLocation(TypedDict):
    method: Literal["stopMessageLiveLocation"]
    business_connection_id: NotRequired[str]
    chat_id: NotRequired[int | str]
    message_id: NotRequired[int]
    inline_message_id: NotRequired[str]
    reply_markup: NotRequired[InlineKeyboardMarkup]

class StopPoll(TypedDict):
    method: Literal["stopPoll"]
    chat_id: int | str
    message_id: int
    business_connection_id: NotRequired[str]
    reply_markup: NotRequired[InlineKeyboardMarkup]

class TransferBusinessAccountStars(TypedDict):
    method: Literal["transferBusinessAccountStars"]
    business_connection_id: str
    star_count: int

class TransferGift(TypedDict):
    method: Literal["transferGift"]
    business_connection_id: str
    owned_gift_id: str
    new_owner_chat_id: int
    star_count: NotRequired[int]

class UnbanChatMember(TypedDict):
    method: Literal["unbanChatMember"]
    chat_id: int | str
    user_id: int
    only_if_banned: NotRequired[bool]

class UnbanChatSenderChat(TypedDict):
    method: Literal["unbanChatSenderChat"]
    chat_id: int | str
    sender_chat_id: int

class UnhideGeneralForumTopic(TypedDict):
    method: Literal["unhideGeneralForumTopic"]
    chat_id: int | str

class UnpinAllChatMessages(TypedDict):
    method: Literal["unpinAllChatMessages"]
    chat_id: int | str

class UnpinAllForumTopicMessages(TypedDict):
    method: Literal["unpinAllForumTopicMessages"]
    chat_id: int | str
    message_thread_id: int

class UnpinAllGeneralForumTopicMessages(TypedDict):
    method: Literal["unpinAllGeneralForumTopicMessages"]
    chat_id: int | str

class UnpinChatMessage(TypedDict):
    method: Literal["unpinChatMessage"]
    chat_id: int | str
    business_connection_id: NotRequired[str]
    message_id: NotRequired[int]

class UpgradeGift(TypedDict):
    method: Literal["upgradeGift"]
    business_connection_id: str
    owned_gift_id: str
    keep_original_details: NotRequired[bool]
    star_count: NotRequired[int]

class UploadStickerFile(TypedDict):
    method: Literal["uploadStickerFile"]
    user_id: int
    sticker: InputFile
    sticker_format: str

class VerifyChat(TypedDict):
    method: Literal["verifyChat"]
    chat_id: int | str
    custom_description: NotRequired[str]
    custom_description_parse_mode: NotRequired[str]
    custom_description_entities: NotRequired[list[MessageEntity]]

class VerifyUser(TypedDict):
    method: Literal["verifyUser"]
    user_id: int
    custom_description: NotRequired[str]
    custom_description_parse_mode: NotRequired[str]
    custom_description_entities: NotRequired[list[MessageEntity]]

class AnswerWidgetQuery(TypedDict):
    method: Literal["answerWidgetQuery"]
    widget_query_id: str
    data: NotRequired[str]

class GetChatShareThemeBackdrops(TypedDict):
    method: Literal["getChatShareThemeBackdrops"]

class EditMessageWidgetData(TypedDict):
    method: Literal["editMessageWidgetData"]
    chat_id: NotRequired[int | str]
    message_id: NotRequired[int]
    inline_message_id: NotRequired[str]
    public_data: NotRequired[str]
    chat_data: NotRequired[str]

class EditSharedWidgetData(TypedDict):
    method: Literal["editSharedWidgetData"]
    widget_id: str
    public_data: str
    cache_time: NotRequired[int]

class SendWidget(TypedDict):
    method: Literal["sendWidget"]
    chat_id: int | str
    message_thread_id: NotRequired[int]
    html: str
    width: NotRequired[int]
    height: NotRequired[int]
    public_data: NotRequired[str]
    chat_data: NotRequired[str]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    allow_queries: NotRequired[bool]
    is_shared: NotRequired[bool]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply]

class SendSharedWidget(TypedDict):
    method: Literal["sendSharedWidget"]
    chat_id: int | str
    message_thread_id: NotRequired[int]
    widget_id: str
    chat_data: NotRequired[str]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    show_caption_above_media: NotRequired[bool]
    disable_notification: NotRequired[bool]
    protect_content: NotRequired[bool]
    allow_paid_broadcast: NotRequired[bool]
    message_effect_id: NotRequired[str]
    reply_parameters: NotRequired[ReplyParameters]
    reply_markup: NotRequired[InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply]

OtherMethod = (
    Literal["addStickerToSet"]
    | Literal["approveChatJoinRequest"]
    | Literal["approveSuggestedPost"]
    | Literal["banChatMember"]
    | Literal["banChatSenderChat"]
    | Literal["close"]
    | Literal["closeForumTopic"]
    | Literal["closeGeneralForumTopic"]
    | Literal["convertGiftToStars"]
    | Literal["createChatInviteLink"]
    | Literal["createChatSubscriptionInviteLink"]
    | Literal["createForumTopic"]
    | Literal["createInvoiceLink"]
    | Literal["createNewStickerSet"]
    | Literal["declineChatJoinRequest"]
    | Literal["declineSuggestedPost"]
    | Literal["deleteAllMessageReactions"]
    | Literal["deleteBusinessMessages"]
    | Literal["deleteChatPhoto"]
    | Literal["deleteChatStickerSet"]
    | Literal["deleteEphemeralMessage"]
    | Literal["deleteForumTopic"]
    | Literal["deleteMyCommands"]
    | Literal["deleteStickerFromSet"]
    | Literal["deleteStickerSet"]
    | Literal["deleteStory"]
    | Literal["deleteWebhook"]
    | Literal["editChatInviteLink"]
    | Literal["editChatSubscriptionInviteLink"]
    | Literal["editEphemeralMessageCaption"]
    | Literal["editEphemeralMessageMedia"]
    | Literal["editEphemeralMessageReplyMarkup"]
    | Literal["editEphemeralMessageText"]
    | Literal["editForumTopic"]
    | Literal["editGeneralForumTopic"]
    | Literal["editStory"]
    | Literal["editUserStarSubscription"]
    | Literal["exportChatInviteLink"]
    | Literal["getAvailableGifts"]
    | Literal["getBusinessAccountGifts"]
    | Literal["getBusinessAccountStarBalance"]
    | Literal["getBusinessConnection"]
    | Literal["getChat"]
    | Literal["getChatAdministrators"]
    | Literal["getChatGifts"]
    | Literal["getChatMember"]
    | Literal["getChatMemberCount"]
    | Literal["getChatMenuButton"]
    | Literal["getCustomEmojiStickers"]
    | Literal["getFile"]
    | Literal["getForumTopicIconStickers"]
    | Literal["getGameHighScores"]
    | Literal["getManagedBotAccessSettings"]
    | Literal["getManagedBotToken"]
    | Literal["getMe"]
    | Literal["getMyCommands"]
    | Literal["getMyDefaultAdministratorRights"]
    | Literal["getMyDescription"]
    | Literal["getMyName"]
    | Literal["getMyShortDescription"]
    | Literal["getMyStarBalance"]
    | Literal["getStarTransactions"]
    | Literal["getStickerSet"]
    | Literal["getUpdates"]
    | Literal["getUserChatBoosts"]
    | Literal["getUserGifts"]
    | Literal["getUserPersonalChatMessages"]
    | Literal["getUserProfileAudios"]
    | Literal["getUserProfilePhotos"]
    | Literal["getWebhookInfo"]
    | Literal["giftPremiumSubscription"]
    | Literal["hideGeneralForumTopic"]
    | Literal["leaveChat"]
    | Literal["logOut"]
    | Literal["pinChatMessage"]
    | Literal["postStory"]
    | Literal["promoteChatMember"]
    | Literal["readBusinessMessage"]
    | Literal["refundStarPayment"]
    | Literal["removeBusinessAccountProfilePhoto"]
    | Literal["removeChatVerification"]
    | Literal["removeMyProfilePhoto"]
    | Literal["removeUserVerification"]
    | Literal["reopenForumTopic"]
    | Literal["reopenGeneralForumTopic"]
    | Literal["replaceManagedBotToken"]
    | Literal["replaceStickerInSet"]
    | Literal["repostStory"]
    | Literal["restrictChatMember"]
    | Literal["revokeChatInviteLink"]
    | Literal["savePreparedInlineMessage"]
    | Literal["savePreparedKeyboardButton"]
    | Literal["setBusinessAccountBio"]
    | Literal["setBusinessAccountGiftSettings"]
    | Literal["setBusinessAccountName"]
    | Literal["setBusinessAccountProfilePhoto"]
    | Literal["setBusinessAccountUsername"]
    | Literal["setChatAdministratorCustomTitle"]
    | Literal["setChatDescription"]
    | Literal["setChatMemberTag"]
    | Literal["setChatMenuButton"]
    | Literal["setChatPermissions"]
    | Literal["setChatPhoto"]
    | Literal["setChatStickerSet"]
    | Literal["setChatTitle"]
    | Literal["setCustomEmojiStickerSetThumbnail"]
    | Literal["setGameScore"]
    | Literal["setManagedBotAccessSettings"]
    | Literal["setMyCommands"]
    | Literal["setMyDefaultAdministratorRights"]
    | Literal["setMyDescription"]
    | Literal["setMyName"]
    | Literal["setMyProfilePhoto"]
    | Literal["setMyShortDescription"]
    | Literal["setPassportDataErrors"]
    | Literal["setStickerEmojiList"]
    | Literal["setStickerKeywords"]
    | Literal["setStickerMaskPosition"]
    | Literal["setStickerPositionInSet"]
    | Literal["setStickerSetThumbnail"]
    | Literal["setStickerSetTitle"]
    | Literal["setUserEmojiStatus"]
    | Literal["setWebhook"]
    | Literal["stopMessageLiveLocation"]
    | Literal["stopPoll"]
    | Literal["transferBusinessAccountStars"]
    | Literal["transferGift"]
    | Literal["unbanChatMember"]
    | Literal["unbanChatSenderChat"]
    | Literal["unhideGeneralForumTopic"]
    | Literal["unpinAllChatMessages"]
    | Literal["unpinAllForumTopicMessages"]
    | Literal["unpinAllGeneralForumTopicMessages"]
    | Literal["unpinChatMessage"]
    | Literal["upgradeGift"]
    | Literal["uploadStickerFile"]
    | Literal["verifyChat"]
    | Literal["verifyUser"]
    | Literal["getChatShareThemeBackdrops"]
    | Literal["editSharedWidgetData"]
)

class TypedCall(TypedDict):
    method: ReadOnly[OtherMethod]

class OtherCall(TypedDict):
    method: OtherMethod | Literal[""]
    user_id: NotRequired[int]
    name: NotRequired[str]
    sticker: NotRequired[InputSticker | str | InputFile]
    chat_id: NotRequired[int | str]
    message_id: NotRequired[int]
    send_date: NotRequired[int]
    until_date: NotRequired[int]
    revoke_messages: NotRequired[bool]
    sender_chat_id: NotRequired[int]
    message_thread_id: NotRequired[int]
    business_connection_id: NotRequired[str]
    owned_gift_id: NotRequired[str]
    expire_date: NotRequired[int]
    member_limit: NotRequired[int]
    creates_join_request: NotRequired[bool]
    subscription_period: NotRequired[int]
    subscription_price: NotRequired[int]
    icon_color: NotRequired[int]
    icon_custom_emoji_id: NotRequired[str]
    title: NotRequired[str]
    description: NotRequired[str]
    payload: NotRequired[str]
    currency: NotRequired[str]
    prices: NotRequired[list[LabeledPrice]]
    provider_token: NotRequired[str]
    max_tip_amount: NotRequired[int]
    suggested_tip_amounts: NotRequired[list[int]]
    provider_data: NotRequired[str]
    photo_url: NotRequired[str]
    photo_size: NotRequired[int]
    photo_width: NotRequired[int]
    photo_height: NotRequired[int]
    need_name: NotRequired[bool]
    need_phone_number: NotRequired[bool]
    need_email: NotRequired[bool]
    need_shipping_address: NotRequired[bool]
    send_phone_number_to_provider: NotRequired[bool]
    send_email_to_provider: NotRequired[bool]
    is_flexible: NotRequired[bool]
    stickers: NotRequired[list[InputSticker]]
    sticker_type: NotRequired[str]
    needs_repainting: NotRequired[bool]
    comment: NotRequired[str]
    actor_chat_id: NotRequired[int]
    message_ids: NotRequired[list[int]]
    receiver_user_id: NotRequired[int]
    ephemeral_message_id: NotRequired[int]
    scope: NotRequired[BotCommandScope]
    language_code: NotRequired[str]
    story_id: NotRequired[int]
    drop_pending_updates: NotRequired[bool]
    invite_link: NotRequired[str]
    caption: NotRequired[str]
    parse_mode: NotRequired[str]
    caption_entities: NotRequired[list[MessageEntity]]
    reply_markup: NotRequired[InlineKeyboardMarkup]
    show_caption_above_media: NotRequired[bool]
    media: NotRequired[InputMedia]
    text: NotRequired[str]
    entities: NotRequired[list[MessageEntity]]
    link_preview_options: NotRequired[LinkPreviewOptions]
    rich_message: NotRequired[InputRichMessage]
    content: NotRequired[InputStoryContent]
    areas: NotRequired[list[StoryArea]]
    telegram_payment_charge_id: NotRequired[str]
    is_canceled: NotRequired[bool]
    exclude_unsaved: NotRequired[bool]
    exclude_saved: NotRequired[bool]
    exclude_unlimited: NotRequired[bool]
    exclude_limited_upgradable: NotRequired[bool]
    exclude_limited_non_upgradable: NotRequired[bool]
    exclude_unique: NotRequired[bool]
    exclude_from_blockchain: NotRequired[bool]
    sort_by_price: NotRequired[bool]
    offset: NotRequired[str | int]
    limit: NotRequired[int]
    return_bots: NotRequired[bool]
    custom_emoji_ids: NotRequired[list[str]]
    file_id: NotRequired[str]
    inline_message_id: NotRequired[str]
    for_channels: NotRequired[bool]
    timeout: NotRequired[int]
    allowed_updates: NotRequired[list[str]]
    month_count: NotRequired[int]
    star_count: NotRequired[int]
    text_parse_mode: NotRequired[str]
    text_entities: NotRequired[list[MessageEntity]]
    disable_notification: NotRequired[bool]
    active_period: NotRequired[int]
    post_to_chat_page: NotRequired[bool]
    protect_content: NotRequired[bool]
    is_anonymous: NotRequired[bool]
    can_manage_chat: NotRequired[bool]
    can_delete_messages: NotRequired[bool]
    can_manage_video_chats: NotRequired[bool]
    can_restrict_members: NotRequired[bool]
    can_promote_members: NotRequired[bool]
    can_change_info: NotRequired[bool]
    can_invite_users: NotRequired[bool]
    can_post_stories: NotRequired[bool]
    can_edit_stories: NotRequired[bool]
    can_delete_stories: NotRequired[bool]
    can_post_messages: NotRequired[bool]
    can_edit_messages: NotRequired[bool]
    can_pin_messages: NotRequired[bool]
    can_manage_topics: NotRequired[bool]
    can_manage_direct_messages: NotRequired[bool]
    can_manage_tags: NotRequired[bool]
    can_send_welcome_messages: NotRequired[bool]
    is_public: NotRequired[bool]
    old_sticker: NotRequired[str]
    from_chat_id: NotRequired[int]
    from_story_id: NotRequired[int]
    permissions: NotRequired[ChatPermissions]
    use_independent_chat_permissions: NotRequired[bool]
    result: NotRequired[InlineQueryResult]
    allow_user_chats: NotRequired[bool]
    allow_bot_chats: NotRequired[bool]
    allow_group_chats: NotRequired[bool]
    allow_channel_chats: NotRequired[bool]
    button: NotRequired[KeyboardButton]
    bio: NotRequired[str]
    show_gift_button: NotRequired[bool]
    accepted_gift_types: NotRequired[AcceptedGiftTypes]
    first_name: NotRequired[str]
    last_name: NotRequired[str]
    photo: NotRequired[InputProfilePhoto | InputFile]
    username: NotRequired[str]
    custom_title: NotRequired[str]
    tag: NotRequired[str]
    menu_button: NotRequired[MenuButton]
    sticker_set_name: NotRequired[str]
    custom_emoji_id: NotRequired[str]
    score: NotRequired[int]
    force: NotRequired[bool]
    disable_edit_message: NotRequired[bool]
    is_access_restricted: NotRequired[bool]
    added_user_ids: NotRequired[list[int]]
    commands: NotRequired[list[BotCommand]]
    rights: NotRequired[ChatAdministratorRights]
    short_description: NotRequired[str]
    errors: NotRequired[list[PassportElementError]]
    emoji_list: NotRequired[list[str]]
    keywords: NotRequired[list[str]]
    mask_position: NotRequired[MaskPosition]
    position: NotRequired[int]
    format: NotRequired[str]
    thumbnail: NotRequired[InputFile | str]
    emoji_status_custom_emoji_id: NotRequired[str]
    emoji_status_expiration_date: NotRequired[int]
    url: NotRequired[str]
    certificate: NotRequired[InputFile]
    ip_address: NotRequired[str]
    max_connections: NotRequired[int]
    secret_token: NotRequired[str]
    new_owner_chat_id: NotRequired[int]
    only_if_banned: NotRequired[bool]
    keep_original_details: NotRequired[bool]
    sticker_format: NotRequired[str]
    custom_description: NotRequired[str]
    custom_description_parse_mode: NotRequired[str]
    custom_description_entities: NotRequired[list[MessageEntity]]
    widget_id: NotRequired[str]
    public_data: NotRequired[str]
    cache_time: NotRequired[int]

Call = (
    AnswerCallbackQuery
    | AnswerChatJoinRequestQuery
    | AnswerGuestQuery
    | AnswerInlineQuery
    | AnswerPreCheckoutQuery
    | AnswerShippingQuery
    | AnswerWebAppQuery
    | CopyMessage
    | CopyMessages
    | DeleteMessage
    | DeleteMessageReaction
    | DeleteMessages
    | EditMessageCaption
    | EditMessageChecklist
    | EditMessageLiveLocation
    | EditMessageMedia
    | EditMessageReplyMarkup
    | EditMessageText
    | ForwardMessage
    | ForwardMessages
    | SendAnimation
    | SendAudio
    | SendChatAction
    | SendChatJoinRequestWebApp
    | SendChecklist
    | SendContact
    | SendDice
    | SendDocument
    | SendGame
    | SendGift
    | SendInvoice
    | SendLivePhoto
    | SendLocation
    | SendMediaGroup
    | SendMessage
    | SendMessageDraft
    | SendPaidMedia
    | SendPhoto
    | SendPoll
    | SendRichMessage
    | SendRichMessageDraft
    | SendSticker
    | SendVenue
    | SendVideo
    | SendVideoNote
    | SendVoice
    | SetMessageReaction
    | AnswerWidgetQuery
    | EditMessageWidgetData
    | SendWidget
    | SendSharedWidget
    | OtherCall
    | TypedCall
)
