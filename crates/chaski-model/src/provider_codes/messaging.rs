//! Meta's codes for Messenger and Instagram: the subcode where it is known, else the code.

use super::*;

pub(super) const MESSAGING: &[ProviderCode] = table! { Messaging:
    1 => RETRY_3, ProviderUnavailable, Nobody, true,
        "Meta answered with an unknown error" / "Nothing to do: Chaski retries by itself.",
        "Meta respondió con un error desconocido" / "No hagas nada: Chaski reintenta solo.";
    2 => RETRY, ProviderUnavailable, Nobody, true,
        "Meta's messaging service is down for a moment" / "Nothing to do: Chaski retries by itself.",
        "El servicio de mensajería de Meta no responde por ahora" / "No hagas nada: Chaski reintenta solo.";
    4 => SLOW_ACCOUNT, ProviderThrottled, Nobody, true,
        "The Meta app makes too many calls" / "Nothing to do: Chaski slows down and retries by itself.",
        "La app de Meta hace demasiadas llamadas" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    10 => HOLD, CredentialsRefused, Admin, true,
        "The app lacks a permission for this Page or account" / "Grant pages_messaging or instagram_manage_messages in the Meta app, then resume the channel.",
        "A la app le falta un permiso para esta página o cuenta" / "Concede pages_messaging o instagram_manage_messages en la app de Meta y reanuda el canal.";
    17 => SLOW_CHANNEL, ProviderThrottled, Nobody, true,
        "Too many calls with this token" / "Nothing to do: Chaski slows down and retries by itself.",
        "Demasiadas llamadas con este token" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    32 => SLOW_CHANNEL, ProviderThrottled, Nobody, true,
        "Too many calls for this Page" / "Nothing to do: Chaski slows down and retries by itself.",
        "Demasiadas llamadas para esta página" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    100 => FAIL, ProviderRefused, You, false,
        "Meta did not accept the message's fields" / "Meta's own words say which one; correct it and send again.",
        "Meta no aceptó los campos del mensaje" / "Las palabras de Meta dicen cuál; corrígelo y envía de nuevo.";
    102 => HOLD, CredentialsRefused, Admin, true,
        "The session of the access token has ended" / "Make a new Page token, set it with `chaski channel set`, then resume the channel.",
        "La sesión del token de acceso terminó" / "Crea otro token de la página, ponlo con `chaski channel set` y reanuda el canal.";
    190 => HOLD, CredentialsRefused, Admin, true,
        "The access token has expired or is not valid" / "Make a new Page token, set it with `chaski channel set`, then resume the channel.",
        "El token de acceso caducó o no es válido" / "Crea otro token de la página, ponlo con `chaski channel set` y reanuda el canal.";
    200 => HOLD, CredentialsRefused, Admin, true,
        "The token may not send for this Page or account" / "Grant the permission in the Meta app and make a new token, then resume the channel.",
        "El token no puede enviar por esta página o cuenta" / "Concede el permiso en la app de Meta, crea otro token y reanuda el canal.";
    230 => HOLD, CredentialsRefused, Admin, true,
        "The permission pages_messaging is missing" / "Grant it in the Meta app and make a new token, then resume the channel.",
        "Falta el permiso pages_messaging" / "Concédelo en la app de Meta, crea otro token y reanuda el canal.";
    368 => HOLD, ChannelHeld, Admin, true,
        "Meta has restricted the Page for breaking its rules" / "See the Page's support inbox at Meta; once the restriction ends, resume the channel.",
        "Meta restringió la página por incumplir sus normas" / "Mira el buzón de asistencia de la página en Meta; cuando acabe la restricción, reanuda el canal.";
    551 => FAIL, RecipientUnreachable, Contact, true,
        "The contact cannot be reached just now" / "It may have blocked the Page or left Messenger; when it writes again, messages go through.",
        "No se puede llegar al contacto por ahora" / "Quizá bloqueó la página o dejó Messenger; cuando vuelva a escribir, los mensajes llegarán.";
    613 => SLOW_CHANNEL, ProviderThrottled, Nobody, true,
        "Meta limits the rate of this Page or account" / "Nothing to do: Chaski slows down and retries by itself.",
        "Meta limita el ritmo de esta página o cuenta" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    2022 => HOLD, ChannelHeld, Admin, true,
        "Meta has restricted the Page from sending" / "See the Page's support inbox at Meta; once the restriction ends, resume the channel.",
        "Meta restringió los envíos de la página" / "Mira el buzón de asistencia de la página en Meta; cuando acabe la restricción, reanuda el canal.";
    80_006 => SLOW_CHANNEL, ProviderThrottled, Nobody, true,
        "Too many messages from this Page or account" / "Nothing to do: Chaski slows down and retries by itself.",
        "Demasiados mensajes de esta página o cuenta" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    1_545_041 => FAIL, WindowClosed, Contact, true,
        "The contact's last message is too old for an answer" / "Wait until the contact writes again.",
        "El último mensaje del contacto es demasiado antiguo para responderle" / "Espera a que el contacto vuelva a escribir.";
    1_893_061 => FAIL, ProviderRefused, You, false,
        "Meta no longer takes this message tag" / "Since 27 April 2026 only HUMAN_AGENT is left: send without a tag within 24 hours, or wait until the contact writes.",
        "Meta ya no acepta esta etiqueta de mensaje" / "Desde el 27 de abril de 2026 solo queda HUMAN_AGENT: envía sin etiqueta dentro de las 24 horas o espera a que el contacto escriba.";
    1_893_063 => HOLD, ChannelHeld, Admin, true,
        "Meta has restricted the Page from sending for a while" / "See the Page's support inbox at Meta; once the restriction ends, resume the channel.",
        "Meta restringió por un tiempo los envíos de la página" / "Mira el buzón de asistencia de la página en Meta; cuando acabe la restricción, reanuda el canal.";
    2_018_001 => FAIL, RecipientUnreachable, You, false,
        "Meta knows no such person on this Page" / "Ids of contacts belong to one Page; the contact must write to this one.",
        "Meta no conoce a esa persona en esta página" / "El id de un contacto vale en una sola página; el contacto debe escribir a esta.";
    2_018_008 => FAIL, MediaUnreachable, You, false,
        "Meta could not fetch the file from its link" / "Check that the link is public and answers within 75 seconds.",
        "Meta no pudo descargar el archivo de su enlace" / "Revisa que el enlace sea público y responda en menos de 75 segundos.";
    2_018_028 => HOLD, CredentialsRefused, Admin, true,
        "The app is not approved to write to everybody" / "Ask for pages_messaging in App Review, then resume the channel.",
        "La app no está aprobada para escribir a cualquiera" / "Solicita pages_messaging en la revisión de la app y reanuda el canal.";
    2_018_047 => FAIL, MediaUnreachable, You, false,
        "Meta could not take the file in" / "Check its type and that the link leads to the file itself.",
        "Meta no pudo recibir el archivo" / "Revisa su tipo y que el enlace lleve al archivo mismo.";
    2_018_065 => FAIL, WindowClosed, Contact, true,
        "The message comes outside the 24 hours after the contact's last one" / "Wait until the contact writes again; a person may answer within seven days with the tag HUMAN_AGENT.",
        "El mensaje llega fuera de las 24 horas desde el último del contacto" / "Espera a que el contacto vuelva a escribir; una persona puede responder dentro de siete días con la etiqueta HUMAN_AGENT.";
    2_018_074 => FAIL, MediaUnreachable, You, false,
        "Meta does not know this attachment" / "Send the link instead of the id.",
        "Meta no conoce este archivo adjunto" / "Envía el enlace en vez del id.";
    2_018_108 => FAIL, RecipientRefused, Contact, true,
        "The contact does not take messages from this Page just now" / "Respect it; when the contact writes again, messages go through.",
        "El contacto no recibe mensajes de esta página por ahora" / "Respétalo; cuando vuelva a escribir, los mensajes llegarán.";
    2_018_109 => FAIL, MediaUnreachable, You, false,
        "The file is larger than Meta takes" / "At most 25 MB, pictures 8 MB; make it smaller.",
        "El archivo es más grande de lo que Meta acepta" / "Como máximo 25 MB, imágenes 8 MB; redúcelo.";
    2_018_278 => FAIL, WindowClosed, Contact, true,
        "More than 24 hours have passed since the contact's last message" / "Wait until the contact writes again; a person may answer within seven days with the tag HUMAN_AGENT.",
        "Pasaron más de 24 horas desde el último mensaje del contacto" / "Espera a que el contacto vuelva a escribir; una persona puede responder dentro de siete días con la etiqueta HUMAN_AGENT.";
    2_018_294 => FAIL, MediaUnreachable, You, false,
        "Meta could not fetch the video in time" / "Use a faster address or a smaller file.",
        "Meta no pudo descargar el video a tiempo" / "Usa una dirección más rápida o un archivo más pequeño.";
    2_018_300 => FAIL, ProviderRefused, Admin, true,
        "Another app handles this conversation" / "When it hands the conversation back, send again.",
        "Otra app atiende esta conversación" / "Cuando devuelva la conversación, envía de nuevo.";
    2_018_321 => FAIL, ProviderRefused, Admin, true,
        "Another app owns the thread with this contact" / "When it hands the thread back, send again.",
        "Otra app tiene el hilo con este contacto" / "Cuando devuelva el hilo, envía de nuevo.";
    2_018_338 => SLOW_CHANNEL, ProviderThrottled, Admin, true,
        "Meta limits the Page because of how it used message tags" / "HUMAN_AGENT is for answers that a person wrote; use it for nothing else.",
        "Meta limita la página por su uso de las etiquetas" / "HUMAN_AGENT es solo para respuestas escritas por una persona; no la uses para nada más.";
    2_534_014 => FAIL, RecipientUnreachable, You, false,
        "Instagram knows no such person for this account" / "Ids of contacts belong to one account; the contact must write to this one.",
        "Instagram no conoce a esa persona en esta cuenta" / "El id de un contacto vale en una sola cuenta; el contacto debe escribir a esta.";
    2_534_022 => FAIL, WindowClosed, Contact, true,
        "More than 24 hours have passed since the contact's last message on Instagram" / "Wait until the contact writes again; a person may answer within seven days with the tag HUMAN_AGENT.",
        "Pasaron más de 24 horas desde el último mensaje del contacto en Instagram" / "Espera a que el contacto vuelva a escribir; una persona puede responder dentro de siete días con la etiqueta HUMAN_AGENT.";
    2_534_029 => HOLD, ChannelHeld, Admin, true,
        "Instagram has blocked the business from sending" / "See the account's status in the Instagram app; once the block ends, resume the channel.",
        "Instagram bloqueó los envíos del negocio" / "Mira el estado de la cuenta en la app de Instagram; cuando acabe el bloqueo, reanuda el canal.";
    2_534_037 => FAIL, ProviderRefused, Admin, true,
        "Another app owns this Instagram conversation" / "When it hands the conversation back, send again.",
        "Otra app tiene esta conversación de Instagram" / "Cuando devuelva la conversación, envía de nuevo.";
    2_534_040 => SLOW_CHANNEL, ProviderThrottled, Nobody, true,
        "Instagram limits the rate of this account" / "Nothing to do: Chaski slows down and retries by itself.",
        "Instagram limita el ritmo de esta cuenta" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    2_534_041 => HOLD, CredentialsRefused, Admin, true,
        "The account's owner has switched off access to its messages" / "In the Instagram app allow access to messages for connected tools, then resume the channel.",
        "El dueño de la cuenta desactivó el acceso a sus mensajes" / "En la app de Instagram permite a las herramientas conectadas el acceso a los mensajes y reanuda el canal.";
    9_000_001 => FAIL, ProviderRefused, Nobody, false,
        "The message has been deleted" / "Nothing to do: the contact does not see it.",
        "El mensaje fue eliminado" / "No hay nada que hacer: el contacto no lo ve.";
};
