//! Twilio's codes, for its API's refusals and for what a status callback says.

use super::*;

pub(super) const TWILIO: &[ProviderCode] = table! { Twilio:
    20003 => HOLD, CredentialsRefused, Admin, true,
        "Twilio does not accept the account's credentials" / "Take account SID and auth token from the Twilio Console, set them with `chaski channel set`, then resume the channel.",
        "Twilio no acepta las credenciales de la cuenta" / "Copia el account SID y el auth token de la consola de Twilio, ponlos con `chaski channel set` y reanuda el canal.";
    20005 => HOLD, ChannelHeld, Admin, true,
        "The Twilio account is not active" / "Look into the Twilio Console, then resume the channel.",
        "La cuenta de Twilio no está activa" / "Revisa la consola de Twilio y reanuda el canal.";
    20404 => HOLD, ChannelHeld, Admin, true,
        "Twilio does not know the account or the address that was called" / "Check account_sid and base_url with `chaski channel set`, then resume the channel.",
        "Twilio no conoce la cuenta o la dirección llamada" / "Revisa account_sid y base_url con `chaski channel set` y reanuda el canal.";
    20429 => SLOW_ACCOUNT, ProviderThrottled, Nobody, true,
        "Twilio limits the rate of the account" / "Nothing to do: Chaski slows down and retries by itself.",
        "Twilio limita el ritmo de la cuenta" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    20500 => RETRY_3, ProviderUnavailable, Nobody, true,
        "Something went wrong at Twilio" / "It may have been sent. Look at the phone before you send it again.",
        "Algo falló en Twilio" / "Puede haberse enviado. Mira el teléfono antes de reenviarlo.";
    20503 => RETRY_3, ProviderUnavailable, Nobody, true,
        "Twilio was not available" / "It may have been sent. Look at the phone before you send it again.",
        "Twilio no estaba disponible" / "Puede haberse enviado. Mira el teléfono antes de reenviarlo.";
    21211 => FAIL, RecipientUnreachable, You, false,
        "The contact's number is not valid to Twilio" / "Correct the number.",
        "El número del contacto no es válido para Twilio" / "Corrige el número.";
    21212 => HOLD, ChannelHeld, Admin, true,
        "The sender is not valid to Twilio" / "Set `from` to a number of the account with `chaski channel set`, then resume the channel.",
        "El remitente no es válido para Twilio" / "Pon en `from` un número de la cuenta con `chaski channel set` y reanuda el canal.";
    21214 => FAIL, RecipientUnreachable, You, false,
        "The contact's number cannot be reached by text" / "Correct the number, or use another channel.",
        "No se puede escribir al número del contacto" / "Corrige el número o usa otro canal.";
    21217 => FAIL, RecipientUnreachable, You, false,
        "The contact's number does not look like one to Twilio" / "Correct the number.",
        "Para Twilio el número del contacto no parece un número" / "Corrige el número.";
    21408 => HOLD, ChannelHeld, Admin, true,
        "Sending to the contact's country is not enabled in the Twilio account" / "Enable it under Messaging > Settings > Geo permissions, then resume the channel.",
        "La cuenta de Twilio no tiene habilitado el país del contacto" / "Habilítalo en Messaging > Settings > Geo permissions y reanuda el canal.";
    21602 => FAIL, ProviderRefused, You, false,
        "The message has no text" / "Write one.",
        "El mensaje no tiene texto" / "Escribe uno.";
    21603 => HOLD, ChannelHeld, Admin, true,
        "The channel has no sender" / "Set `from` or `messaging_service_sid` with `chaski channel set`, then resume the channel.",
        "El canal no tiene remitente" / "Pon `from` o `messaging_service_sid` con `chaski channel set` y reanuda el canal.";
    21604 => FAIL, RecipientUnreachable, You, false,
        "The message has no recipient" / "Add the contact's number.",
        "El mensaje no tiene destinatario" / "Agrega el número del contacto.";
    21606 => HOLD, ChannelHeld, Admin, true,
        "The sender is no message-capable number of the account for this destination" / "Set another `from` with `chaski channel set`, then resume the channel.",
        "El remitente no es un número de la cuenta con mensajes para este destino" / "Pon otro `from` con `chaski channel set` y reanuda el canal.";
    21608 => HOLD, ChannelHeld, Admin, true,
        "A trial account of Twilio sends to verified numbers alone" / "Verify the number in the Twilio Console or upgrade the account, then resume the channel.",
        "Una cuenta de prueba de Twilio solo envía a números verificados" / "Verifica el número en la consola de Twilio o pasa a una cuenta de pago y reanuda el canal.";
    21610 => FAIL, RecipientRefused, Contact, false,
        "The contact has unsubscribed with STOP" / "Respect it; the contact comes back by writing START.",
        "El contacto se dio de baja con STOP" / "Respétalo; el contacto vuelve escribiendo START.";
    21611 => SLOW_CHANNEL, ProviderThrottled, Nobody, true,
        "The sender's queue at Twilio is full" / "Nothing to do: Chaski slows down and retries by itself.",
        "La cola del remitente en Twilio está llena" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    21612 => FAIL, RecipientUnreachable, You, false,
        "The sender cannot reach the contact's number" / "Use another sender or another channel.",
        "El remitente no llega al número del contacto" / "Usa otro remitente u otro canal.";
    21614 => FAIL, RecipientUnreachable, You, false,
        "The contact's number is no mobile number" / "Correct the number, or use another channel.",
        "El número del contacto no es un celular" / "Corrige el número o usa otro canal.";
    21617 => FAIL, TextTooLong, You, false,
        "The text is longer than 1600 characters" / "Shorten it.",
        "El texto pasa de 1600 caracteres" / "Acórtalo.";
    21620 => FAIL, MediaLinkInvalid, You, false,
        "The media link is not valid to Twilio" / "Give a public https link that leads to the file itself.",
        "El enlace del archivo no es válido para Twilio" / "Da un enlace https público que lleve al archivo mismo.";
    21623 => FAIL, ProviderRefused, You, false,
        "The message has more files than Twilio takes" / "Send one file a message.",
        "El mensaje tiene más archivos de los que Twilio acepta" / "Envía un archivo por mensaje.";
    21654 => FAIL, ProviderRefused, You, false,
        "Values were given without a template" / "Name the template.",
        "Se dieron valores sin una plantilla" / "Indica la plantilla.";
    21655 => Action::Template, TemplateUnavailable, You, false,
        "Twilio does not know the template's ContentSid" / "Sync the channel's templates and send again.",
        "Twilio no conoce el ContentSid de la plantilla" / "Sincroniza las plantillas del canal y envía de nuevo.";
    21656 => FAIL, TemplateRefused, You, false,
        "The template's values are not valid to Twilio" / "Give every variable a text that is not empty.",
        "Los valores de la plantilla no son válidos para Twilio" / "Da a cada variable un texto que no esté vacío.";
    21659 => HOLD, ChannelHeld, Admin, true,
        "The sender is no number of Twilio" / "Set another `from` with `chaski channel set`, then resume the channel.",
        "El remitente no es un número de Twilio" / "Pon otro `from` con `chaski channel set` y reanuda el canal.";
    21660 => HOLD, ChannelHeld, Admin, true,
        "The sender belongs to another Twilio account" / "Set account and `from` that belong together, then resume the channel.",
        "El remitente es de otra cuenta de Twilio" / "Pon una cuenta y un `from` que vayan juntos y reanuda el canal.";
    21701 => HOLD, ChannelHeld, Admin, true,
        "The messaging service is missing or has no sender" / "Check messaging_service_sid and the service's sender pool, then resume the channel.",
        "El servicio de mensajería no existe o no tiene remitentes" / "Revisa messaging_service_sid y los remitentes del servicio y reanuda el canal.";
    30001 => SLOW_CHANNEL, ProviderThrottled, Nobody, true,
        "Twilio's queue overflowed" / "Nothing to do: Chaski slows down and retries by itself.",
        "La cola de Twilio se desbordó" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    30002 => HOLD, ChannelHeld, Admin, true,
        "The Twilio account was suspended" / "Look into the Twilio Console, then resume the channel.",
        "La cuenta de Twilio fue suspendida" / "Revisa la consola de Twilio y reanuda el canal.";
    30003 => FAIL, RecipientUnreachable, Contact, true,
        "The contact's phone could not be reached" / "It may be off or out of range; send again later.",
        "No se pudo llegar al teléfono del contacto" / "Puede estar apagado o sin señal; envía más tarde.";
    30004 => FAIL, RecipientRefused, Contact, false,
        "The message was blocked on its way to the contact" / "Ask the contact, or use another channel.",
        "El mensaje fue bloqueado en el camino al contacto" / "Pregunta al contacto o usa otro canal.";
    30005 => FAIL, RecipientUnreachable, You, false,
        "The contact's number does not exist any more" / "Correct the number.",
        "El número del contacto ya no existe" / "Corrige el número.";
    30006 => FAIL, RecipientUnreachable, You, false,
        "The contact's number is a landline or its carrier takes no texts" / "Use another channel.",
        "El número del contacto es fijo o su operador no recibe mensajes" / "Usa otro canal.";
    30007 => FAIL, ProviderRefused, You, false,
        "A filter of the carrier stopped the message" / "Write it differently, and register the sender where the country asks for it.",
        "Un filtro del operador detuvo el mensaje" / "Escríbelo de otro modo y registra el remitente donde el país lo pida.";
    30008 => FAIL, ProviderRefused, Nobody, true,
        "The carrier gave no reason" / "Send again later.",
        "El operador no dio un motivo" / "Envía más tarde.";
    30017 => SLOW_CHANNEL, ProviderThrottled, Nobody, true,
        "The carrier's network is congested" / "Nothing to do: Chaski slows down and retries by itself.",
        "La red del operador está congestionada" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    30022 => SLOW_CHANNEL, ProviderThrottled, Nobody, true,
        "The US A2P limit per second is reached" / "Nothing to do: Chaski slows down and retries by itself.",
        "Se alcanzó el límite A2P de EE. UU. por segundo" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    30023 => SLOW_CHANNEL, ProviderThrottled, Admin, true,
        "The US A2P limit of the day is reached" / "Wait for the next day, or raise the brand's trust.",
        "Se alcanzó el límite A2P de EE. UU. del día" / "Espera al día siguiente o sube la confianza de la marca.";
    30032 => HOLD, ChannelHeld, Admin, true,
        "The toll-free number is not verified" / "Verify it in the Twilio Console, then resume the channel.",
        "El número gratuito no está verificado" / "Verifícalo en la consola de Twilio y reanuda el canal.";
    30034 => HOLD, ChannelHeld, Admin, true,
        "The number is not registered for A2P in the US" / "Register brand and campaign in the Twilio Console, then resume the channel.",
        "El número no está registrado para A2P en Estados Unidos" / "Registra marca y campaña en la consola de Twilio y reanuda el canal.";
    30410 => FAIL, ProviderUnavailable, Nobody, true,
        "The carrier did not answer Twilio in time" / "Send again later.",
        "El operador no respondió a Twilio a tiempo" / "Envía más tarde.";
    63001 => HOLD, CredentialsRefused, Admin, true,
        "Twilio could not sign in to WhatsApp for the sender" / "Look at the sender in the Twilio Console, then resume the channel.",
        "Twilio no pudo entrar a WhatsApp con el remitente" / "Revisa el remitente en la consola de Twilio y reanuda el canal.";
    63002 => HOLD, ChannelHeld, Admin, true,
        "Twilio could not find the sender on WhatsApp" / "Set another `from` with `chaski channel set`, then resume the channel.",
        "Twilio no encontró el remitente en WhatsApp" / "Pon otro `from` con `chaski channel set` y reanuda el canal.";
    63003 => FAIL, RecipientUnreachable, Contact, false,
        "The contact is not on WhatsApp" / "Use another channel.",
        "El contacto no está en WhatsApp" / "Usa otro canal.";
    63005 => FAIL, ProviderRefused, You, false,
        "WhatsApp did not accept the content" / "Correct the content and send again.",
        "WhatsApp no aceptó el contenido" / "Corrige el contenido y envía de nuevo.";
    63006 => FAIL, ProviderRefused, You, false,
        "Twilio could not put the content into WhatsApp's form" / "Correct the content and send again.",
        "Twilio no pudo dar al contenido la forma de WhatsApp" / "Corrige el contenido y envía de nuevo.";
    63007 => HOLD, ChannelHeld, Admin, true,
        "The sender is no WhatsApp sender of the account" / "Set `from` to one with `chaski channel set`, then resume the channel.",
        "El remitente no es un remitente de WhatsApp de la cuenta" / "Pon uno en `from` con `chaski channel set` y reanuda el canal.";
    63008 => HOLD, ChannelHeld, Admin, true,
        "The sender is not set up completely at Twilio" / "Look at the sender in the Twilio Console, then resume the channel.",
        "El remitente no está bien configurado en Twilio" / "Revisa el remitente en la consola de Twilio y reanuda el canal.";
    63009 => RETRY, ProviderUnavailable, Nobody, true,
        "WhatsApp answered Twilio with a fault" / "Nothing to do: Chaski retries by itself.",
        "WhatsApp respondió a Twilio con un fallo" / "No hagas nada: Chaski reintenta solo.";
    63010 => RETRY, ProviderUnavailable, Nobody, true,
        "Twilio has a fault of its own" / "Nothing to do: Chaski retries by itself.",
        "Twilio tiene un fallo propio" / "No hagas nada: Chaski reintenta solo.";
    63011 => FAIL, ProviderRefused, You, false,
        "WhatsApp found the request not valid" / "Correct the content and send again.",
        "Para WhatsApp la petición no es válida" / "Corrige el contenido y envía de nuevo.";
    63012 => RETRY, ProviderUnavailable, Nobody, true,
        "WhatsApp has a fault of its own" / "Nothing to do: Chaski retries by itself.",
        "WhatsApp tiene un fallo propio" / "No hagas nada: Chaski reintenta solo.";
    63013 => FAIL, ProviderRefused, Admin, false,
        "The message breaks a policy of WhatsApp" / "Read the policy and write it differently.",
        "El mensaje va contra una política de WhatsApp" / "Lee la política y escríbelo de otro modo.";
    63014 => FAIL, RecipientRefused, Contact, false,
        "The contact has blocked the sender" / "Respect it; use another channel.",
        "El contacto bloqueó al remitente" / "Respétalo; usa otro canal.";
    63015 => FAIL, RecipientUnreachable, Contact, false,
        "The contact has not joined the WhatsApp sandbox" / "Have it send the sandbox's code word first.",
        "El contacto no se unió al sandbox de WhatsApp" / "Pídele que envíe primero la palabra clave del sandbox.";
    63016 => FAIL, WindowClosed, You, false,
        "More than 24 hours have passed since the contact's last message" / "Send an approved template.",
        "Pasaron más de 24 horas desde el último mensaje del contacto" / "Envía una plantilla aprobada.";
    63017 => SLOW_CHANNEL, ProviderThrottled, Nobody, true,
        "The sender's rate limit on WhatsApp is reached" / "Nothing to do: Chaski slows down and retries by itself.",
        "Se alcanzó el límite de ritmo del remitente en WhatsApp" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    63018 => SLOW_CHANNEL, ProviderThrottled, Nobody, true,
        "WhatsApp limits the rate of the sender" / "Nothing to do: Chaski slows down and retries by itself.",
        "WhatsApp limita el ritmo del remitente" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    63019 => RETRY_ONCE, MediaUnreachable, You, true,
        "The file could not be fetched from its link" / "Check that the link is public and leads to the file itself.",
        "No se pudo descargar el archivo de su enlace" / "Revisa que el enlace sea público y lleve al archivo mismo.";
    63020 => HOLD, ChannelHeld, Admin, true,
        "Meta's business account behind the sender has a problem, often its payment" / "Look into the Business Manager, then resume the channel.",
        "La cuenta de Meta del remitente tiene un problema, a menudo de pago" / "Revisa el Business Manager y reanuda el canal.";
    63021 => FAIL, ProviderRefused, You, false,
        "The content is too long or of a kind that WhatsApp does not take" / "Shorten it or send another kind of file.",
        "El contenido es demasiado largo o de un tipo que WhatsApp no acepta" / "Acórtalo o envía otro tipo de archivo.";
    63022 => HOLD, ChannelHeld, Admin, true,
        "The sender's verified name is not valid to WhatsApp" / "Look at the sender in the Twilio Console, then resume the channel.",
        "El nombre verificado del remitente no es válido para WhatsApp" / "Revisa el remitente en la consola de Twilio y reanuda el canal.";
    63023 => RETRY_ONCE, ProviderUnavailable, Nobody, true,
        "WhatsApp gave Twilio no clear reason" / "Send again later.",
        "WhatsApp no dio a Twilio un motivo claro" / "Envía más tarde.";
    63024 => FAIL, RecipientUnreachable, Contact, false,
        "The contact cannot be written to on WhatsApp" / "Use another channel.",
        "No se puede escribir al contacto por WhatsApp" / "Usa otro canal.";
    63025 => FAIL, ProviderRefused, You, false,
        "The file is at WhatsApp already" / "Send the message again without the file.",
        "El archivo ya está en WhatsApp" / "Envía el mensaje de nuevo sin el archivo.";
    63026 => SLOW_CHANNEL, ProviderThrottled, Admin, true,
        "WhatsApp holds the sender for spam" / "Send less and better, and look at the sender's quality.",
        "WhatsApp frena al remitente por spam" / "Envía menos y mejor, y revisa la calidad del remitente.";
    63027 => Action::Template, TemplateUnavailable, You, false,
        "The template does not exist in this language" / "Sync the channel's templates and use a language that was approved.",
        "La plantilla no existe en este idioma" / "Sincroniza las plantillas del canal y usa un idioma aprobado.";
    63028 => FAIL, TemplateRefused, You, false,
        "The number of values does not fit the template" / "Give as many values as the approved template has variables.",
        "El número de valores no coincide con la plantilla" / "Da tantos valores como variables tiene la plantilla aprobada.";
    63029 => FAIL, ProviderRefused, Contact, true,
        "The contact's phone could not load the template" / "Send again later.",
        "El teléfono del contacto no pudo cargar la plantilla" / "Envía más tarde.";
    63030 => FAIL, ProviderRefused, You, false,
        "A value does not fit this kind of message" / "Correct it and send again.",
        "Un valor no corresponde a este tipo de mensaje" / "Corrígelo y envía de nuevo.";
    63031 => FAIL, RecipientUnreachable, You, false,
        "The message was addressed to its own sender" / "Send to another number.",
        "El mensaje iba dirigido a su propio remitente" / "Envía a otro número.";
    63032 => FAIL, RecipientRefused, Nobody, false,
        "WhatsApp does not let this message reach this contact for now" / "Use another channel.",
        "WhatsApp por ahora no deja llegar este mensaje a este contacto" / "Usa otro canal.";
    63033 => FAIL, RecipientRefused, Contact, false,
        "The contact is blocked" / "Use another channel.",
        "El contacto está bloqueado" / "Usa otro canal.";
    63034 => FAIL, ProviderRefused, You, false,
        "The file is larger than WhatsApp takes" / "Send a smaller one.",
        "El archivo es más grande de lo que WhatsApp acepta" / "Envía uno más pequeño.";
    63036 => FAIL, RecipientUnreachable, Contact, false,
        "The contact cannot be reached on this channel" / "Use another channel.",
        "No se puede llegar al contacto por este canal" / "Usa otro canal.";
    63037 => RETRY_ONCE, ProviderUnavailable, Nobody, true,
        "The file could not be put on WhatsApp's servers" / "Send again later.",
        "No se pudo subir el archivo a los servidores de WhatsApp" / "Envía más tarde.";
    63038 => SLOW_ACCOUNT, ProviderThrottled, Admin, true,
        "The account's limit of messages for the day is reached" / "Wait for the next day, or have Twilio raise it.",
        "Se alcanzó el límite de mensajes del día de la cuenta" / "Espera al día siguiente o pide a Twilio que lo suba.";
    63040 => Action::Template, TemplateUnavailable, You, false,
        "The template was not accepted by WhatsApp" / "Correct it in the Twilio Console and submit it again.",
        "WhatsApp no aceptó la plantilla" / "Corrígela en la consola de Twilio y envíala a revisión otra vez.";
    63041 => Action::Template, TemplateUnavailable, You, false,
        "WhatsApp has paused the template for its low quality" / "Use another template, or wait until WhatsApp lets it go on.",
        "WhatsApp pausó la plantilla por su baja calidad" / "Usa otra plantilla o espera a que WhatsApp la reanude.";
    63042 => Action::Template, TemplateUnavailable, You, false,
        "WhatsApp has disabled the template" / "Use another template.",
        "WhatsApp deshabilitó la plantilla" / "Usa otra plantilla.";
    63049 => FAIL, RecipientRefused, Nobody, false,
        "Meta chose not to deliver this marketing message" / "Wait at least a day, or use a utility template.",
        "Meta decidió no entregar este mensaje de marketing" / "Espera al menos un día o usa una plantilla de utilidad.";
    63062 => HOLD, ChannelHeld, Admin, true,
        "Meta's terms for marketing messages were not accepted" / "Accept them in the Business Manager, then resume the channel.",
        "No se aceptaron las condiciones de Meta para mensajes de marketing" / "Acéptalas en el Business Manager y reanuda el canal.";
    63112 => HOLD, ChannelHeld, Admin, true,
        "Meta has disabled the WhatsApp account" / "Appeal in the Business Manager, then resume the channel.",
        "Meta deshabilitó la cuenta de WhatsApp" / "Apela en el Business Manager y reanuda el canal.";
};
