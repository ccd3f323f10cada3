//! What Viber answers and reports.

use super::*;

pub(super) const VIBER: &[ProviderCode] = table! { Viber:
    1 => HOLD, ChannelHeld, Admin, true,
        "Viber does not accept the webhook's address" / "It must be public, with https and a certificate that Viber trusts; then set the channel again.",
        "Viber no acepta la dirección del webhook" / "Debe ser pública, con https y un certificado de confianza; luego configura de nuevo el canal.";
    2 => HOLD, CredentialsRefused, Admin, true,
        "Viber does not accept the bot's token" / "Copy the token from the Viber admin panel, set it with `chaski channel set`, then resume the channel.",
        "Viber no acepta el token del bot" / "Copia el token del panel de Viber, ponlo con `chaski channel set` y reanuda el canal.";
    3 => FAIL, ProviderRefused, You, false,
        "Viber found an error in the request" / "Correct the message: its links must be https and its sizes within Viber's limits.",
        "Viber encontró un error en la petición" / "Corrige el mensaje: sus enlaces deben ser https y sus tamaños respetar los límites de Viber.";
    4 => FAIL, ProviderRefused, You, false,
        "Viber misses a field in the request" / "Complete the payload and send it again.",
        "A Viber le falta un campo en la petición" / "Completa el payload y envíalo de nuevo.";
    5 => FAIL, RecipientUnreachable, Contact, false,
        "The contact is not registered with Viber" / "Use another channel.",
        "El contacto no está registrado en Viber" / "Usa otro canal.";
    6 => FAIL, RecipientRefused, Contact, false,
        "The contact is not subscribed to the bot" / "Respect it; when the contact writes to the bot again, messages go through.",
        "El contacto no está suscrito al bot" / "Respétalo; cuando vuelva a escribir al bot, los mensajes llegarán.";
    7 => HOLD, ChannelHeld, Admin, true,
        "Viber has blocked the bot" / "Settle it with Viber's support, then resume the channel.",
        "Viber bloqueó el bot" / "Resuélvelo con el soporte de Viber y reanuda el canal.";
    8 => HOLD, ChannelHeld, Admin, true,
        "Viber does not find the bot" / "Check the token with `chaski channel set`, then resume the channel.",
        "Viber no encuentra el bot" / "Revisa el token con `chaski channel set` y reanuda el canal.";
    9 => HOLD, ChannelHeld, Admin, true,
        "Viber has suspended the bot" / "Settle it with Viber's support, then resume the channel.",
        "Viber suspendió el bot" / "Resuélvelo con el soporte de Viber y reanuda el canal.";
    10 => HOLD, ChannelHeld, Admin, true,
        "The bot has no webhook at Viber" / "Set the token again with `chaski channel set`, which registers the webhook, then resume the channel.",
        "El bot no tiene webhook en Viber" / "Vuelve a poner el token con `chaski channel set`, que registra el webhook, y reanuda el canal.";
    11 => FAIL, RecipientUnreachable, Contact, false,
        "The contact's devices do not take messages of bots" / "Use another channel.",
        "Los dispositivos del contacto no admiten mensajes de bots" / "Usa otro canal.";
    12 => SLOW_CONTACT, ProviderThrottled, Nobody, true,
        "Viber takes no more messages to this contact for now" / "Nothing to do: Chaski waits and retries by itself; an answer of the contact lifts it at once.",
        "Viber no acepta por ahora más mensajes para este contacto" / "No hagas nada: Chaski espera y reintenta solo; una respuesta del contacto lo levanta enseguida.";
    13 => FAIL, ProviderRefused, You, false,
        "The contact's Viber is too old for this message" / "Lower `min_api_version` in the payload or send something simpler.",
        "El Viber del contacto es demasiado antiguo para este mensaje" / "Baja `min_api_version` en el payload o envía algo más simple.";
    14 => FAIL, ProviderRefused, You, false,
        "The message uses more than its `min_api_version` allows" / "Raise `min_api_version` in the payload.",
        "El mensaje usa más de lo que permite su `min_api_version`" / "Sube `min_api_version` en el payload.";
    15 => HOLD, CredentialsRefused, Admin, true,
        "The Viber account is not authorized for this" / "Settle it with Viber's support, then resume the channel.",
        "La cuenta de Viber no está autorizada para esto" / "Resuélvelo con el soporte de Viber y reanuda el canal.";
    16 => FAIL, ProviderRefused, You, false,
        "Viber does not allow inline messages to this bot" / "Send an ordinary message.",
        "Viber no permite mensajes en línea a este bot" / "Envía un mensaje normal.";
    17 => FAIL, ProviderRefused, You, false,
        "The bot has no public chat" / "Send to a contact instead.",
        "El bot no tiene chat público" / "Envía a un contacto.";
    18 => FAIL, ProviderRefused, You, false,
        "Viber cannot send this as a broadcast" / "Send to one contact.",
        "Viber no puede enviar esto como difusión" / "Envía a un solo contacto.";
    19 => FAIL, ProviderRefused, You, false,
        "Viber does not allow this bot to broadcast" / "Send to one contact.",
        "Viber no permite difusiones a este bot" / "Envía a un solo contacto.";
    20 => FAIL, ProviderRefused, You, false,
        "Viber refuses the request of this bot" / "Viber's own words say why.",
        "Viber rechaza la petición de este bot" / "Las palabras de Viber dicen por qué.";
    21 => FAIL, RecipientUnreachable, Contact, false,
        "Viber does not deliver to the contact's country" / "Use another channel.",
        "Viber no entrega en el país del contacto" / "Usa otro canal.";
    22 => FAIL, ProviderRefused, You, false,
        "Viber does not take payments here" / "Send the message without a payment.",
        "Viber no admite pagos aquí" / "Envía el mensaje sin pago.";
    23 => HOLD, ChannelHeld, Admin, true,
        "The bot's free messages of this month are used up" / "Agree on a plan with Viber or wait for the next month, then resume the channel; its messages wait.",
        "Se agotaron los mensajes gratuitos del bot de este mes" / "Acuerda un plan con Viber o espera al mes siguiente y reanuda el canal; sus mensajes esperan.";
    24 => HOLD, ChannelHeld, Admin, true,
        "The bot's balance at Viber is used up" / "Top it up, then resume the channel; its messages wait.",
        "Se agotó el saldo del bot en Viber" / "Recárgalo y reanuda el canal; sus mensajes esperan.";
};
