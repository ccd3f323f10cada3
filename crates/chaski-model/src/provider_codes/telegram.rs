//! What Telegram's Bot API answers.

use super::*;

pub(super) const TELEGRAM: &[ProviderCode] = table! { Telegram:
    400 => FAIL, ProviderRefused, You, false,
        "Telegram did not accept the request" / "Telegram's own words say why; correct it and send again.",
        "Telegram no aceptó la petición" / "Las palabras de Telegram dicen por qué; corrígelo y envía de nuevo.";
    400 "chat not found" => FAIL, RecipientUnreachable, Contact, false,
        "Telegram does not know this chat, or the bot is not in it" / "The contact must write to the bot first; a bot cannot begin a conversation.",
        "Telegram no conoce este chat o el bot no está en él" / "El contacto debe escribir primero al bot; un bot no puede iniciar la conversación.";
    400 "message is too long" => FAIL, TextTooLong, You, false,
        "The text is longer than Telegram takes" / "Send at most 4096 characters, 1024 under a file.",
        "El texto es más largo de lo que Telegram acepta" / "Envía como máximo 4096 caracteres, 1024 bajo un archivo.";
    400 "message text is empty" => FAIL, ProviderRefused, You, false,
        "The text is empty to Telegram" / "Write something beside spaces and formatting.",
        "Para Telegram el texto está vacío" / "Escribe algo además de espacios y formato.";
    400 "can't parse entities" => FAIL, ProviderRefused, You, false,
        "Telegram cannot read the text's formatting" / "Close every tag and escape the signs that parse_mode uses, then send again.",
        "Telegram no entiende el formato del texto" / "Cierra cada etiqueta y escapa los signos que usa parse_mode; luego envía de nuevo.";
    400 "wrong file identifier" => FAIL, MediaLinkInvalid, You, false,
        "Telegram does not take the link or id of the file" / "Give a public https link that leads to the file itself.",
        "Telegram no acepta el enlace o el id del archivo" / "Da un enlace https público que lleve al archivo mismo.";
    400 "failed to get http url content" => FAIL, MediaUnreachable, You, false,
        "Telegram could not fetch the file from its link" / "Check that the link is public and within Telegram's sizes: 5 MB for a photo, 20 MB else.",
        "Telegram no pudo descargar el archivo de su enlace" / "Revisa que el enlace sea público y respete los tamaños de Telegram: 5 MB una foto, 20 MB lo demás.";
    400 "wrong type of the web page content" => FAIL, MediaUnreachable, You, false,
        "The link leads to another type of file than Telegram expects" / "Link to the file itself, not to a page.",
        "El enlace lleva a otro tipo de archivo del que Telegram espera" / "Enlaza el archivo mismo y no una página.";
    400 "photo_invalid_dimensions" => FAIL, ProviderRefused, You, false,
        "The picture is too large for a photo of Telegram" / "Width and height together may be 10000 at most; make it smaller.",
        "La imagen es demasiado grande para una foto de Telegram" / "Ancho y alto juntos pueden sumar 10000 como máximo; redúcela.";
    400 "button_data_invalid" => FAIL, ProviderRefused, You, false,
        "A button's data is not valid to Telegram" / "`callback_data` may have 1 to 64 bytes; shorten it.",
        "Los datos de un botón no son válidos para Telegram" / "`callback_data` puede tener de 1 a 64 bytes; acórtalo.";
    401 => HOLD, CredentialsRefused, Admin, true,
        "Telegram does not accept the bot's token" / "Take the token from @BotFather, set it with `chaski channel set`, then resume the channel.",
        "Telegram no acepta el token del bot" / "Copia el token de @BotFather, ponlo con `chaski channel set` y reanuda el canal.";
    403 => FAIL, RecipientUnreachable, Contact, false,
        "The bot may not write to this chat" / "The contact must let the bot in or write to it first.",
        "El bot no puede escribir a este chat" / "El contacto debe admitir al bot o escribirle primero.";
    403 "bot was blocked" => FAIL, RecipientRefused, Contact, false,
        "The contact has blocked the bot" / "Respect it; when the contact unblocks the bot or writes again, messages go through.",
        "El contacto bloqueó al bot" / "Respétalo; cuando desbloquee al bot o vuelva a escribir, los mensajes llegarán.";
    403 "user is deactivated" => FAIL, RecipientUnreachable, Contact, false,
        "The contact's Telegram account no longer exists" / "Use another channel.",
        "La cuenta de Telegram del contacto ya no existe" / "Usa otro canal.";
    403 "bot was kicked" => FAIL, RecipientRefused, Contact, false,
        "The bot was taken out of the chat" / "Have it added again, or use another channel.",
        "Sacaron al bot del chat" / "Pide que lo agreguen de nuevo o usa otro canal.";
    403 "can't initiate" => FAIL, RecipientUnreachable, Contact, false,
        "The contact has not written to the bot yet" / "Give it the bot's link; a bot cannot begin a conversation.",
        "El contacto todavía no ha escrito al bot" / "Dale el enlace del bot; un bot no puede iniciar la conversación.";
    403 "bots can't send messages to bots" => FAIL, RecipientUnreachable, You, false,
        "The contact is a bot, and bots do not write to each other" / "Send to a person.",
        "El contacto es un bot, y los bots no se escriben entre sí" / "Envía a una persona.";
    404 => HOLD, CredentialsRefused, Admin, true,
        "Telegram does not know the bot's token" / "Check the token and base_url with `chaski channel set`, then resume the channel.",
        "Telegram no conoce el token del bot" / "Revisa el token y base_url con `chaski channel set` y reanuda el canal.";
    409 => HOLD, ChannelHeld, Admin, true,
        "Another program uses the same bot" / "Stop it or give it a bot of its own, then resume the channel.",
        "Otro programa usa el mismo bot" / "Detenlo o dale un bot propio y reanuda el canal.";
    429 => SLOW_CHANNEL, ProviderThrottled, Nobody, true,
        "Telegram limits the rate" / "Nothing to do: Chaski waits as long as Telegram asks and retries by itself.",
        "Telegram limita el ritmo" / "No hagas nada: Chaski espera lo que Telegram pide y reintenta solo.";
    500 => RETRY, ProviderUnavailable, Nobody, true,
        "Something went wrong at Telegram" / "Nothing to do: Chaski retries by itself.",
        "Algo falló en Telegram" / "No hagas nada: Chaski reintenta solo.";
};
