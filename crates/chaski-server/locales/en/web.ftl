### The texts of the web in English.

## Rooms and frame

skip = Skip to content
rail = Rooms
room-messages = Messages
room-channels = Channels
room-templates = Templates
close = Close
me = Your account and appearance
me-language = Language
me-theme = Appearance
theme-system = System
theme-light = Light
theme-dark = Dark
sign-out = Sign out
simulator = Simulator
simulator-words = Nothing leaves this machine: the providers and phones are simulated.
simulator-phones = See the virtual phones
live-reconnecting = Reconnecting…

## Keyboard

keys-title = Keyboard shortcuts
keys-next = Next or previous conversation
keys-open = Open the conversation
keys-up = Back to the list
keys-reply = Reply
keys-send = Send the reply
keys-break = Break the line while replying
keys-close = Close what is on top
keys-help = This list

## Sign in

sign-in-title = Sign in to Chaski
sign-in-email = E-mail
sign-in-password = Password
sign-in-help = No password yet? Ask whoever runs this server for a sign-in link.
sign-in-do = Sign in
sign-in-wrong = The e-mail or the password is not right. Check them, or ask for a sign-in link.
sign-in-too-often = Too many tries with this e-mail. Wait 15 minutes, or ask for a sign-in link.
sign-in-link-title = Your sign-in link
sign-in-link-words = This link works once. The button starts your session in this browser.
sign-in-link-do = Sign in to Chaski
sign-in-link-used = This link was used already or is over. Ask for another one, or sign in with your password.

## Faults of a page

fault-not-found = There is nothing here
fault-not-found-words = The address does not exist, or what was here belongs to another workspace.
fault-form-old = The form is no longer valid
fault-form-old-words = Your session changed after the page was opened, and nothing was done. Go back, reload and try again.
fault-forbidden = Your role may not do this
fault-forbidden-words = Nothing was changed. Ask whoever runs the workspace.
fault-form = The form could not be read
fault-form-words = Nothing was done. Go back, reload the page and try again.
fault-broken = Something went wrong in the server
fault-broken-words = Accepted messages are safe. Reload in a moment; if it stays, tell whoever runs the server.
fault-back = Go to Messages

## List

filters = Filters
filter-all = All
filter-unread = Unread
filter-failed = Failed
list-rows = Conversations
list-more = More conversations
row-unread = { $n ->
    [one] { $shown } unread message
   *[other] { $shown } unread messages
}
row-failed = The last message sent failed.
empty-inbox = No conversations yet
empty-inbox-words = They appear here as soon as somebody writes or a message is sent through the API.
empty-unread = Everything is read
empty-unread-words = New messages from your contacts will appear here.
empty-failed = No message has failed
empty-failed-words = When the last message to a contact fails, the conversation appears here.
empty-show-all = Show all
empty-channels = No channels yet
empty-channels-words = Connect a channel to send and receive messages.
empty-channels-do = See the channels

## One line for a message

line-template = Template { $name }
mail-bcc = Blind copy
line-custom = Provider's own message
line-location = Location
line-contacts = Contact cards
line-contact = Contact: { $name }
line-reply = Tapped “{ $title }”
line-reaction = Reacted with { $emoji }
line-reaction-gone = Took the reaction back
line-order = { $n ->
    [one] Order of { $shown } product
   *[other] Order of { $shown } products
}
line-unsupported = A message that cannot be shown

media-image = Image
media-video = Video
media-audio = Audio
media-voice = Voice note
media-file = Document
media-sticker = Sticker
media-without-link = Only at the provider
media-open = Open { $name }
media-download = Download
media-download-name = Download { $name }
media-fetching = Fetching from the provider…
media-next = It is tried again at { $time }.
media-next-now = It is tried again now.
media-again = Try again
media-gone = It could not be had.
media-broken = It could not be shown here.
media-why-large = It is larger than what is kept.
media-why-address = Its address points into a network that is not allowed.
media-why-absent = The provider does not have it, or not any more. Ask the contact to send it again.
media-why-not-yet = The provider does not have it yet.
media-why-credentials = The provider refused the channel's credentials.
media-why-storage = The disk has no room or cannot be written.
media-why-rate = The provider limits the rate.
media-why-provider = The provider does not answer or failed.
reply-template = Tapped a button of the template
reply-button = Tapped a button
reply-list = Chose from the list
reaction = Reaction
button-url = Link
button-phone = Call
button-reply = Quick reply
button-other = Button

## State

state-received = Received
state-queued = Queued
state-sending = Sending
state-retrying = Retrying at { $time }
state-sent = Sent
state-delivered = Delivered
state-read = Read
state-failed = Failed
state-unknown = Outcome unknown

whose-you = The sender corrects it.
whose-admin = Whoever runs the channel fixes it.
whose-contact = It is up to the contact.
whose-nobody = Nothing to do.

component-header = Header
component-body = Body
component-footer = Footer
component-buttons = Buttons
component-button = Button { $shown }

failure-place = { $component }.
failure-place-value = { $component }, value { $n }.
failure-not-sent = Not sent:
failure-not-known = Left unconfirmed:
failure-not-delivered = Not delivered:
failure-show = See delivery

unknown-title = Outcome unknown.
unknown-words = The provider's answer was lost: it may have arrived or not. Check with the contact before you decide.
unknown-resend = Send again
unknown-leave = Leave it

mark-api-text-differed = API text differed
mark-text-omitted = Text omitted
mark-not-verified = Not verified

sent-by-api = Sent from the messaging API
label-inbound = { $who } wrote: { $what }. { $time }.
label-outbound = Message to { $who }: { $what }. { $by }. { $state }, { $time }.

notes = { $n ->
    [one] { $shown } note
   *[other] { $shown } notes
}
note-unknown-field = A field does not exist: the text was sent as it is.
note-alias = Another way of writing the request was accepted.
note-language = The template's language was chosen by its nearest code.
note-value = Spaces or line breaks in a value were cleaned.
note-filename = The document had no name: it got the link's.
note-autofixed = It was completed with the approved text.
note-button = A button's value was adjusted.
note-numbered = This channel has no buttons: the replies were numbered lines.
note-as-other = The file was sent in another form.
note-recipient = The recipient is always the contact.
note-other = The request was adjusted.

## Thread

back-to-list = Back to the list
thread-contact = Contact
thread-log = Conversation with { $who }
thread-older = Older messages
thread-latest = Go to the latest
thread-new = New messages
thread-empty = No messages yet
thread-empty-words = Nobody has written to this contact, or heard from it.
via = On { $channel }
via-now = Now on { $channel }
window-open = Window open
window-closed = Window closed
held-title = The channel { $channel } is held and its messages wait.
held-do = See channels
choose = Choose a conversation
choose-words = Open it from the list, or move with j and k and press Enter.

day-today = today
day-tomorrow = tomorrow
day-yesterday = yesterday
day-names = Monday Tuesday Wednesday Thursday Friday Saturday Sunday
month-names = January February March April May June July August September October November December
date = { $day } { $month }
date-with-year = { $day } { $month } { $year }

## Reply

reply-to = Write to { $who }
reply-by = On { $channel }
reply-do = Send
reply-empty = Nothing is written: write a message and send it.
reply-used = This form has sent another message already. Your text is still here: check it and send it if needed.
reply-busy = There are too many requests at once and nothing was stored. Send it again in a few seconds.
reply-commit-unknown = It is not known whether the message was stored. Look at the thread before you send it again.
reply-unavailable = The disk cannot be written and nothing was stored. Tell whoever runs the server.
reply-late = Its last message is older than 24 hours: your answer goes out under Meta's tag HUMAN_AGENT, which allows a person to answer for seven days.
closed-title = The 24 h window is closed.
closed-words = More than 24 hours have passed since the contact's last message, and only an approved template can be sent.
closed-never-wrote = The contact has not written on this channel yet, and only an approved template can be sent.
closed-how = For now templates are sent through the API. Once the contact writes, you can answer here.
closed-draft = Your text, in case you want to copy it:
shut-title = The contact does not take messages here.
shut-words = It has blocked or left { $channel }, or cannot be reached there. When it comes back or writes, you can answer here.
nowhere = No channel reaches this contact yet.

## Contact

contact-number = Contact { $id } · since { $day }
contact-addresses = Addresses
contact-no-address = No addresses.
contact-channels = Channels
contact-no-channel = No channel used yet.
contact-last = Last message: { $when }
contact-unused = No messages yet
contact-tags = Tags
contact-standing = Follow-up
contact-lifecycle = Stage
contact-assignee = Assigned to
contact-fields = Fields
address-phone = Phone
address-email = E-mail
address-bsuid = BSUID
address-native = Id on the channel
address-native-of = Id on { $channel }
learned-api = Through the API
learned-inbound = When writing to us
learned-receipt = From a receipt
learned-reply = From the provider's answer

## Delivery of a message

drawer-message = Message delivery
drawer-id = Message
drawer-provider-id = At the provider
drawer-difference = Difference to the template
drawer-timeline = Timeline
difference-sent = what the API wrote
difference-approved = what the contact got
difference-template = what the template says
difference-omitted-only = Left out by the API; it is in the template:
difference-extra-only = Not in the template:
difference-omitted = Left out by the API, delivered to the contact:
difference-extra = Not in the template; the contact did not get it:
difference-not-verified = The channel never synced its templates: what the API's caller wrote is shown.
step-accepted = Accepted
step-accepted-by = Accepted from { $by }
step-idempotent = With Idempotency-Key
step-received = Received from the contact
step-routed = Channel { $channel }
route-given = named in the request
route-last = the last one used
step-window = the window was to close: { $time }
step-not-sent = Not sent
step-attempt = Attempt { $shown }
step-attempt-of-part = Attempt { $n } of part { $part }
step-next = next: { $time }
step-taken = The provider took it
step-provider-time = provider's time: { $time }
step-out-of-order = Came out of order
step-waiting = Waits until { $time }
step-aside = Stepped aside: the contact's other messages go on.
step-unknown = Outcome unknown
step-detail = Technical detail
receipt-sent = Sent
receipt-failed = The provider reported a failure
receipt-delivered = Delivered
receipt-read = Read
outcome-sent = The provider accepted it
outcome-fail = The provider refused it
outcome-unknown = The answer was lost
outcome-hold = The channel was held
outcome-slow-down = The provider asked to slow down
outcome-not-sent = It did not leave
outcome-retry = It is tried again
exchange-show = Request and answer
exchange-request = Request
exchange-answer = Answer
exchange-curl = As curl
exchange-gone = The request is no longer kept.

## Channels

channels-how = Connect one here or on the command line: chaski channel add --source 360dialog_whatsapp --name Sales
connect-channel = Connect a channel
connect-which = Which channel? The provider is asked about the credentials before anything is kept.
connect-name = The channel's name
connect-more = More settings
connect-optional = optional
connect-do = Check and connect
connect-cancel = Cancel
connect-secrets-again = Nothing was kept. Write the secrets again: they are not given back to the page.
connect-done = { $name } is connected
connect-address = The address of its webhook:
connect-by-hand = What is left to do by hand
connect-to-channels = See the channels
channel-connected = Connected
channel-connecting = Connecting
channel-held = Held
channel-locked = Locked: the server's key does not open its credentials
channel-since = since { $time }
channel-resume = Resume
channel-sync = Sync templates
channel-templates = { $n ->
    [one] { $shown } template
   *[other] { $shown } templates
}
channel-synced = synced: { $time }
channel-never-synced = The templates have never been synced.
channel-sync-failed = The last sync failed:
channel-mailbox-failed = The mailbox is not read:
told-resumed = The channel was resumed: its messages go out again.
told-not-resumed = The channel is still held: the cause is below.
told-synced = The templates are up to date.
told-not-synced = The templates could not be synced: the cause is below.

## Templates

empty-templates = No templates yet
empty-templates-words = They are read from the provider when a WhatsApp channel is synced.
empty-templates-do = See the channels
template-approved = Approved
template-pending = Pending
template-rejected = Rejected
template-paused = Paused
template-disabled = Disabled
template-version = version { $shown }
template-unsupported = Parts that cannot be sent yet: { $parts }
category-marketing = Marketing
category-utility = Utility
category-authentication = Authentication

## The Delivery room.

room-delivery = Delivery
delivery-channels = Queues
delivery-queued = { $n ->
    [0] Nothing waits.
    [one] { $n } message waits.
   *[other] { $n } messages wait.
}
delivery-oldest = The oldest was accepted: { $time }
delivery-receipts-missing = Receipts missing
delivery-receipts-words = The provider takes messages, but has reported nothing since { $time }. Check the webhook's address and signing secret at the provider.
delivery-unknown = Unknown outcomes
delivery-unknown-none = No outcome is unknown.
delivery-dead = Failed messages
delivery-dead-none = No message has failed that could be sent again.
delivery-dead-count = { $n ->
    [one] { $n } message
   *[other] { $n } messages
}
delivery-dead-times = { $first } – { $last }
delivery-sample = See one
delivery-replay = Send again
delivery-dismiss = Take off the list
told-replayed = { $n ->
    [0] No message could be sent again.
    [one] { $n } message is sent again.
   *[other] { $n } messages are sent again.
}
told-replayed-more = There are more: send the next ones again below.
told-dismissed = { $n ->
    [one] { $n } message was taken off the list; it stays failed.
   *[other] { $n } messages were taken off the list; they stay failed.
}
told-resolved = Your decision is noted.
told-not-resolved = The outcome was known already.
blanked = Deleted by retention
step-replayed = Sent again
step-replayed-by = Sent again by { $by }
step-withdrawn = It had failed before:
