//! The statuses of Vonage's SMS API, which come under HTTP 200.

use super::*;

pub(super) const VONAGE_SMS: &[ProviderCode] = table! { VonageSms:
    1 => SLOW_CHANNEL, ProviderThrottled, Nobody, true,
        "Vonage limits the rate of the account" / "Nothing to do: Chaski waits as long as Vonage asks and retries by itself.",
        "Vonage limita el ritmo de la cuenta" / "No hagas nada: Chaski espera lo que Vonage pide y reintenta solo.";
    2 => FAIL, ProviderRefused, You, false,
        "The request lacks a parameter" / "Vonage's own words say which; correct it and send again.",
        "A la petición le falta un parámetro" / "Las palabras de Vonage dicen cuál; corrígelo y envía de nuevo.";
    3 => FAIL, ProviderRefused, You, false,
        "A parameter of the request is not valid" / "Vonage's own words say which; often it is the number.",
        "Un parámetro de la petición no es válido" / "Las palabras de Vonage dicen cuál; a menudo es el número.";
    4 => HOLD, CredentialsRefused, Admin, true,
        "Vonage does not accept the API key or secret" / "Set them with `chaski channel set`, then resume the channel.",
        "Vonage no acepta la API key o el secreto" / "Ponlos con `chaski channel set` y reanuda el canal.";
    5 => RETRY_3, ProviderUnavailable, Nobody, true,
        "Something went wrong at Vonage" / "It may have been sent. Look at the phone before you send it again.",
        "Algo falló en Vonage" / "Puede haberse enviado. Mira el teléfono antes de reenviarlo.";
    6 => FAIL, ProviderRefused, You, false,
        "Vonage could not process the message" / "Correct text and number and send again.",
        "Vonage no pudo procesar el mensaje" / "Corrige el texto y el número y envía de nuevo.";
    7 => FAIL, RecipientRefused, Contact, false,
        "The number is barred: the contact wants no messages" / "Respect it.",
        "El número está bloqueado: el contacto no quiere mensajes" / "Respétalo.";
    8 => HOLD, ChannelHeld, Admin, true,
        "The Vonage account is barred" / "Write to Vonage, then resume the channel.",
        "La cuenta de Vonage está bloqueada" / "Escribe a Vonage y reanuda el canal.";
    9 => HOLD, ChannelHeld, Admin, true,
        "The Vonage account has no balance left" / "Top it up, then resume the channel.",
        "La cuenta de Vonage se quedó sin saldo" / "Recárgala y reanuda el canal.";
    10 => SLOW_CHANNEL, ProviderThrottled, Nobody, true,
        "The account has too many connections to Vonage" / "Nothing to do: Chaski slows down and retries by itself.",
        "La cuenta tiene demasiadas conexiones con Vonage" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    11 => HOLD, ChannelHeld, Admin, true,
        "The account may not use the SMS API" / "Have Vonage enable it, then resume the channel.",
        "La cuenta no puede usar la SMS API" / "Pide a Vonage que la habilite y reanuda el canal.";
    12 => FAIL, TextTooLong, You, false,
        "The text is longer than Vonage takes" / "Shorten it.",
        "El texto es más largo de lo que Vonage acepta" / "Acórtalo.";
    14 => HOLD, CredentialsRefused, Admin, true,
        "The signature of the request is not valid" / "Check the account's signature settings, then resume the channel.",
        "La firma de la petición no es válida" / "Revisa la configuración de firma de la cuenta y reanuda el canal.";
    15 => HOLD, ChannelHeld, Admin, true,
        "The sender is not allowed for this destination" / "Set another `from` with `chaski channel set`, then resume the channel.",
        "El remitente no está permitido para este destino" / "Pon otro `from` con `chaski channel set` y reanuda el canal.";
    22 => FAIL, ProviderRefused, You, false,
        "The network code is not valid" / "Correct the number.",
        "El código de red no es válido" / "Corrige el número.";
    23 => FAIL, ProviderRefused, Admin, false,
        "The callback's address is not valid to Vonage" / "Set server.public_url to a public https address.",
        "La dirección de respuesta no es válida para Vonage" / "Pon en server.public_url una dirección https pública.";
    29 => HOLD, ChannelHeld, Admin, true,
        "A trial account sends to its test numbers alone" / "Add the number or upgrade the account, then resume the channel.",
        "Una cuenta de prueba solo envía a sus números de prueba" / "Agrega el número o pasa a una cuenta de pago y reanuda el canal.";
    32 => HOLD, CredentialsRefused, Admin, true,
        "The account does not take signature and secret together" / "Use the secret alone, then resume the channel.",
        "La cuenta no acepta firma y secreto a la vez" / "Usa solo el secreto y reanuda el canal.";
    33 => FAIL, RecipientUnreachable, You, false,
        "The contact's number is no longer in use" / "Correct the number.",
        "El número del contacto ya no está en uso" / "Corrige el número.";
};
