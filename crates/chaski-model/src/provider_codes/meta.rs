//! What Meta's Cloud API answers and reports.

use super::*;

pub(super) const META: &[ProviderCode] = table! { Meta:
    0 => HOLD, CredentialsRefused, Admin, true,
        "Meta does not accept the access token" / "Make a new token for the channel and resume it.",
        "Meta no acepta el token de acceso" / "Crea otro token para el canal y reanúdalo.";
    1 => RETRY_3, ProviderUnavailable, Nobody, true,
        "Meta answered with an unknown error" / "It may have arrived. Wait for its receipt before you send it again.",
        "Meta respondió con un error desconocido" / "Puede haber llegado. Espera su confirmación antes de reenviarlo.";
    2 => RETRY, ProviderUnavailable, Nobody, true,
        "Meta's service is down or overloaded" / "Nothing to do: Chaski retries by itself.",
        "El servicio de Meta está caído o saturado" / "No hagas nada: Chaski reintenta solo.";
    3 => HOLD, CredentialsRefused, Admin, true,
        "The Meta app lacks a capability or a permission" / "Grant the app its WhatsApp permissions, then resume the channel.",
        "A la aplicación de Meta le falta una capacidad o un permiso" / "Dale a la aplicación sus permisos de WhatsApp y reanuda el canal.";
    4 => SLOW_ACCOUNT, ProviderThrottled, Nobody, true,
        "The Meta app has made too many calls" / "Nothing to do: Chaski waits and retries by itself.",
        "La aplicación de Meta hizo demasiadas llamadas" / "No hagas nada: Chaski espera y reintenta solo.";
    10 => HOLD, CredentialsRefused, Admin, true,
        "Meta says that the app has no permission for this" / "Grant the permission again, then resume the channel.",
        "Meta dice que la aplicación no tiene permiso para esto" / "Vuelve a dar el permiso y reanuda el canal.";
    33 => HOLD, ChannelHeld, Admin, true,
        "The business phone number no longer exists at Meta" / "Connect the channel with a number that exists.",
        "El número de la empresa ya no existe en Meta" / "Conecta el canal con un número que exista.";
    100 => FAIL, ProviderRefused, You, false,
        "Meta did not accept a parameter" / "Meta's own words say which; correct it and send again.",
        "Meta no aceptó un parámetro" / "Las palabras de Meta dicen cuál; corrígelo y envía de nuevo.";
    190 => HOLD, CredentialsRefused, Admin, true,
        "The access token has expired" / "Make a new token for the channel and resume it.",
        "El token de acceso caducó" / "Crea otro token para el canal y reanúdalo.";
    200 => HOLD, CredentialsRefused, Admin, true,
        "Meta has not granted a permission, or has taken it away" / "Grant the permission again, then resume the channel.",
        "Meta no concedió un permiso o lo retiró" / "Vuelve a dar el permiso y reanuda el canal.";
    368 => HOLD, ChannelHeld, Admin, true,
        "Meta has blocked the account for a time over its policies" / "Look at the account's quality in the Business Manager, then resume the channel.",
        "Meta bloqueó la cuenta por un tiempo a causa de sus políticas" / "Revisa la calidad de la cuenta en el Business Manager y reanuda el canal.";
    613 => SLOW_ACCOUNT, ProviderThrottled, Nobody, true,
        "Meta limits how often this may be called" / "Nothing to do: Chaski waits and retries by itself.",
        "Meta limita cuántas veces se puede llamar a esto" / "No hagas nada: Chaski espera y reintenta solo.";
    80007 => SLOW_ACCOUNT, ProviderThrottled, Nobody, true,
        "The WhatsApp account has reached Meta's limit of calls" / "Nothing to do: Chaski waits and retries by itself.",
        "La cuenta de WhatsApp alcanzó el límite de llamadas de Meta" / "No hagas nada: Chaski espera y reintenta solo.";
    80008 => SLOW_ACCOUNT, ProviderThrottled, Nobody, true,
        "The WhatsApp account has reached Meta's management limit" / "Nothing to do: Chaski waits and retries by itself.",
        "La cuenta de WhatsApp alcanzó el límite de gestión de Meta" / "No hagas nada: Chaski espera y reintenta solo.";
    130429 => SLOW_CHANNEL, ProviderThrottled, Nobody, true,
        "The number sends faster than WhatsApp allows" / "Nothing to do: Chaski slows down and retries by itself.",
        "El número envía más rápido de lo que permite WhatsApp" / "No hagas nada: Chaski baja el ritmo y reintenta solo.";
    130472 => FAIL, RecipientRefused, Nobody, false,
        "The contact is part of a WhatsApp experiment and gets no marketing messages" / "Nothing can be done; write when the contact has written to you.",
        "El contacto está en un experimento de WhatsApp y no recibe mensajes de marketing" / "No se puede hacer nada; escríbele cuando te haya escrito.";
    130497 => FAIL, RecipientRefused, Admin, false,
        "The account may not write to people in this country" / "Reach the contact on another channel.",
        "La cuenta no puede escribir a personas de este país" / "Contacta con la persona por otro canal.";
    131000 => RETRY_3, ProviderUnavailable, Nobody, true,
        "Something went wrong at WhatsApp" / "Chaski tries a few times; send it again later if it fails.",
        "Algo falló en WhatsApp" / "Chaski lo intenta varias veces; si falla, envíalo más tarde.";
    131005 => HOLD, CredentialsRefused, Admin, true,
        "WhatsApp denied access" / "Grant the app its WhatsApp permissions, then resume the channel.",
        "WhatsApp denegó el acceso" / "Dale a la aplicación sus permisos de WhatsApp y reanuda el canal.";
    131008 => FAIL, TemplateRefused, You, false,
        "A value is missing or empty" / "Give every variable and every button with a variable its value.",
        "Falta un valor o está vacío" / "Da un valor a cada variable y a cada botón con variable.";
    131009 => FAIL, ProviderRefused, You, false,
        "A value is not valid" / "WhatsApp's own words say which; correct it and send again.",
        "Un valor no es válido" / "Las palabras de WhatsApp dicen cuál; corrígelo y envía de nuevo.";
    131014 => FAIL, MediaUnreachable, You, false,
        "WhatsApp could not fetch the file" / "Give a link that opens in a browser without signing in.",
        "WhatsApp no pudo descargar el archivo" / "Usa un enlace que se abra en un navegador sin iniciar sesión.";
    131016 => RETRY, ProviderUnavailable, Nobody, true,
        "WhatsApp is not available for a moment" / "Nothing to do: Chaski retries by itself.",
        "WhatsApp no está disponible por un momento" / "No hagas nada: Chaski reintenta solo.";
    131021 => FAIL, RecipientUnreachable, You, false,
        "The contact's number is the channel's own number" / "Send to another number.",
        "El número del contacto es el del propio canal" / "Envía a otro número.";
    131026 => FAIL, RecipientUnreachable, Contact, false,
        "WhatsApp could not deliver it to this number" / "The contact may have no WhatsApp, an old version, or not have accepted its terms. Check the number, or use another channel.",
        "WhatsApp no pudo entregarlo a este número" / "Puede que el contacto no tenga WhatsApp, use una versión antigua o no haya aceptado las condiciones. Revisa el número o usa otro canal.";
    131030 => FAIL, RecipientRefused, Admin, false,
        "A test number may only write to numbers on its list" / "Add the contact's number to the list in the Meta app, or use a real number.",
        "Un número de prueba solo puede escribir a los números de su lista" / "Añade el número del contacto a la lista en la aplicación de Meta o usa un número real.";
    131031 => HOLD, ChannelHeld, Admin, true,
        "Meta has locked the account" / "Settle it in the Business Manager, then resume the channel.",
        "Meta bloqueó la cuenta" / "Resuélvelo en el Business Manager y reanuda el canal.";
    131037 => HOLD, ChannelHeld, Admin, true,
        "The number's display name is not approved yet" / "Have the display name approved, then resume the channel.",
        "El nombre visible del número aún no está aprobado" / "Consigue que aprueben el nombre y reanuda el canal.";
    131042 => HOLD, ChannelHeld, Admin, true,
        "There is a problem with the account's payment" / "Set up the payment in the Business Manager, then resume the channel.",
        "Hay un problema con el pago de la cuenta" / "Configura el pago en el Business Manager y reanuda el canal.";
    131044 => HOLD, ChannelHeld, Admin, true,
        "There is a problem with the account's payment for calls" / "Set up the payment in the Business Manager, then resume the channel.",
        "Hay un problema con el pago de las llamadas de la cuenta" / "Configura el pago en el Business Manager y reanuda el canal.";
    131045 => HOLD, ChannelHeld, Admin, true,
        "The number is not registered correctly at WhatsApp" / "Register the number again, then resume the channel.",
        "El número no está bien registrado en WhatsApp" / "Registra de nuevo el número y reanuda el canal.";
    131047 => FAIL, WindowClosed, You, false,
        "WhatsApp refused it: 24 hours have passed since the contact's last message" / "Send an approved template, or wait until the contact writes.",
        "WhatsApp lo rechazó: pasaron 24 horas desde el último mensaje del contacto" / "Envía una plantilla aprobada o espera a que el contacto escriba.";
    131048 => SLOW_CHANNEL, ProviderThrottled, Admin, true,
        "WhatsApp limits the number because people blocked or reported it" / "Send less and only what people want; Chaski goes on slowly by itself.",
        "WhatsApp limita el número porque hubo bloqueos o denuncias" / "Envía menos y solo lo que la gente quiere; Chaski sigue despacio por sí solo.";
    131049 => FAIL, RecipientRefused, Nobody, false,
        "WhatsApp chose not to deliver this marketing message" / "Do not send it again within 24 hours; the contact has had enough of them for now.",
        "WhatsApp decidió no entregar este mensaje de marketing" / "No lo reenvíes en 24 horas; el contacto ya recibió bastantes por ahora.";
    131050 => FAIL, RecipientRefused, Contact, false,
        "The contact does not want marketing messages from you" / "Respect it; only the contact can change it.",
        "El contacto no quiere recibir tus mensajes de marketing" / "Respétalo; solo el contacto puede cambiarlo.";
    131051 => FAIL, NotSupported, You, false,
        "WhatsApp does not support this type of message" / "Send it as another type.",
        "WhatsApp no admite este tipo de mensaje" / "Envíalo como otro tipo.";
    131052 => Action::Inbound, MediaUnreachable, Contact, false,
        "WhatsApp could not fetch the contact's file" / "Ask the contact to send it again.",
        "WhatsApp no pudo descargar el archivo del contacto" / "Pide al contacto que lo envíe otra vez.";
    131053 => RETRY_ONCE, MediaUnreachable, You, false,
        "WhatsApp could not fetch the file or does not take its type" / "Check that the link opens in a browser and that its type and size are allowed.",
        "WhatsApp no pudo descargar el archivo o no admite su tipo" / "Comprueba que el enlace se abre en un navegador y que se admiten su tipo y tamaño.";
    131055 => FAIL, NotSupported, You, false,
        "This API takes only marketing templates" / "Send it through a channel with the normal API.",
        "Esta API solo admite plantillas de marketing" / "Envíalo por un canal con la API normal.";
    131056 => SLOW_CONTACT, ProviderThrottled, Nobody, true,
        "Too many messages went to this contact in a short time" / "Nothing to do: Chaski waits and retries by itself.",
        "Se enviaron demasiados mensajes a este contacto en poco tiempo" / "No hagas nada: Chaski espera y reintenta solo.";
    131057 => RETRY, ProviderUnavailable, Nobody, true,
        "Meta is upgrading the number" / "Nothing to do: Chaski retries by itself in a few minutes.",
        "Meta está ampliando el número" / "No hagas nada: Chaski reintenta solo en unos minutos.";
    131060 => Action::Inbound, ProviderUnavailable, Contact, false,
        "The contact's message is not available at WhatsApp" / "Ask the contact to send it again.",
        "El mensaje del contacto no está disponible en WhatsApp" / "Pide al contacto que lo envíe otra vez.";
    131062 => FAIL, NoAddress, You, false,
        "This message needs the contact's phone number" / "Add the contact's phone number; a user id is not enough for it.",
        "Este mensaje necesita el número de teléfono del contacto" / "Añade el teléfono del contacto; el id de usuario no basta.";
    131063 => HOLD, ChannelHeld, Admin, true,
        "Marketing templates are switched off for this account" / "Switch them on in the Business Manager, then resume the channel.",
        "Las plantillas de marketing están desactivadas en esta cuenta" / "Actívalas en el Business Manager y reanuda el canal.";
    131064 => SLOW_ACCOUNT, ProviderThrottled, Admin, true,
        "Meta limits the account because templates were in the wrong category" / "Correct the templates' categories; Chaski goes on slowly by itself.",
        "Meta limita la cuenta porque hubo plantillas en una categoría incorrecta" / "Corrige las categorías; Chaski sigue despacio por sí solo.";
    132000 => FAIL, TemplateRefused, You, false,
        "The number of values does not match the template" / "Give exactly one value for each variable.",
        "La cantidad de valores no coincide con la plantilla" / "Da exactamente un valor para cada variable.";
    132001 => FAIL, TemplateUnavailable, Admin, false,
        "The template does not exist in this language, or is not approved" / "Use an approved template and one of its languages.",
        "La plantilla no existe en este idioma o no está aprobada" / "Usa una plantilla aprobada y uno de sus idiomas.";
    132005 => FAIL, TemplateRefused, You, false,
        "The text is too long once the values are filled in" / "Shorten the values.",
        "El texto queda demasiado largo con los valores puestos" / "Acorta los valores.";
    132007 => FAIL, TemplateRefused, You, false,
        "The template breaks WhatsApp's rules on characters" / "Correct the values, or have another template approved.",
        "La plantilla incumple las reglas de caracteres de WhatsApp" / "Corrige los valores o haz que aprueben otra plantilla.";
    132008 => FAIL, TemplateRefused, You, false,
        "A value is not written as the template wants it" / "Correct the value that WhatsApp's own words name.",
        "Un valor no está escrito como pide la plantilla" / "Corrige el valor que indican las palabras de WhatsApp.";
    132012 => FAIL, TemplateRefused, You, false,
        "A value is not of the kind that the template wants" / "Give the header the media it was approved with, and texts for the variables.",
        "Un valor no es del tipo que pide la plantilla" / "Da al encabezado el archivo con que se aprobó y textos a las variables.";
    132015 => Action::Template, TemplateUnavailable, Admin, true,
        "WhatsApp has paused the template for its low quality" / "Use another template, or wait until WhatsApp lets it go on.",
        "WhatsApp pausó la plantilla por su baja calidad" / "Usa otra plantilla o espera a que WhatsApp la reactive.";
    132016 => Action::Template, TemplateUnavailable, Admin, false,
        "WhatsApp has disabled the template for good" / "Use another template.",
        "WhatsApp desactivó la plantilla para siempre" / "Usa otra plantilla.";
    132018 => FAIL, TemplateRefused, You, false,
        "A value has line breaks, tabs or many spaces" / "Write the value in one line with single spaces.",
        "Un valor tiene saltos de línea, tabulaciones o muchos espacios" / "Escribe el valor en una línea con espacios simples.";
    132068 => FAIL, TemplateRefused, Admin, false,
        "The template's flow is blocked" / "Correct the flow in the Business Manager, or use another template.",
        "El flujo de la plantilla está bloqueado" / "Corrige el flujo en el Business Manager o usa otra plantilla.";
    132069 => SLOW_TEMPLATE, ProviderThrottled, Admin, true,
        "The template's flow may go out only ten times an hour" / "Correct the flow in the Business Manager; Chaski goes on slowly by itself.",
        "El flujo de la plantilla solo puede salir diez veces por hora" / "Corrige el flujo en el Business Manager; Chaski sigue despacio por sí solo.";
    133000 => HOLD, ChannelHeld, Admin, true,
        "The number was not removed completely from WhatsApp" / "Deregister it again, then register it and resume the channel.",
        "El número no se dio de baja por completo en WhatsApp" / "Dalo de baja otra vez, regístralo y reanuda el canal.";
    133004 => RETRY, ProviderUnavailable, Nobody, true,
        "WhatsApp's server is not available for a moment" / "Nothing to do: Chaski retries by itself.",
        "El servidor de WhatsApp no está disponible por un momento" / "No hagas nada: Chaski reintenta solo.";
    133005 => HOLD, ChannelHeld, Admin, true,
        "The number's two-step PIN is wrong" / "Set the PIN in the Business Manager, then resume the channel.",
        "El PIN de verificación en dos pasos no es correcto" / "Define el PIN en el Business Manager y reanuda el canal.";
    133006 => HOLD, ChannelHeld, Admin, true,
        "The number must be verified again" / "Verify it in the Business Manager, then resume the channel.",
        "Hay que verificar de nuevo el número" / "Verifícalo en el Business Manager y reanuda el canal.";
    133008 => HOLD, ChannelHeld, Admin, true,
        "The two-step PIN was wrong too often" / "Wait as long as WhatsApp says, then set it and resume the channel.",
        "El PIN se escribió mal demasiadas veces" / "Espera lo que diga WhatsApp, defínelo y reanuda el canal.";
    133009 => HOLD, ChannelHeld, Admin, true,
        "The two-step PIN was tried too fast" / "Wait a little, then set it and resume the channel.",
        "El PIN se intentó demasiado rápido" / "Espera un poco, defínelo y reanuda el canal.";
    133010 => HOLD, ChannelHeld, Admin, true,
        "The number is not registered at WhatsApp" / "Register the number, then resume the channel.",
        "El número no está registrado en WhatsApp" / "Registra el número y reanuda el canal.";
    133015 => HOLD, ChannelHeld, Admin, true,
        "The number was deleted a moment ago" / "Wait five minutes, register it and resume the channel.",
        "El número se eliminó hace un momento" / "Espera cinco minutos, regístralo y reanuda el canal.";
    133016 => HOLD, ChannelHeld, Admin, true,
        "The number was registered and removed too often" / "Wait three days, then register it and resume the channel.",
        "El número se registró y se dio de baja demasiadas veces" / "Espera tres días, regístralo y reanuda el canal.";
    134011 => HOLD, ChannelHeld, Admin, true,
        "WhatsApp Payments' terms are not accepted" / "Accept them in the Business Manager, then resume the channel.",
        "Las condiciones de WhatsApp Payments no están aceptadas" / "Acéptalas en el Business Manager y reanuda el canal.";
    134100 => FAIL, NotSupported, You, false,
        "Only marketing messages can go this way" / "Send it through a channel with the normal API.",
        "Por aquí solo pueden ir mensajes de marketing" / "Envíalo por un canal con la API normal.";
    134101 => RETRY, ProviderUnavailable, Nobody, true,
        "Meta is still copying the template" / "Nothing to do: Chaski retries by itself in ten minutes.",
        "Meta aún está copiando la plantilla" / "No hagas nada: Chaski reintenta solo en diez minutos.";
    134102 => FAIL, TemplateUnavailable, Admin, false,
        "The template cannot be used for marketing messages" / "Use another template.",
        "La plantilla no se puede usar para mensajes de marketing" / "Usa otra plantilla.";
    135000 => FAIL, ProviderRefused, You, false,
        "WhatsApp found a fault in the request" / "WhatsApp's own words may say which; correct it and send again.",
        "WhatsApp encontró un error en la petición" / "Las palabras de WhatsApp pueden decir cuál; corrígelo y envía de nuevo.";
    137000 => FAIL, ProviderRefused, You, false,
        "The contact's identity has changed" / "Confirm the contact's new identity, then send again.",
        "La identidad del contacto cambió" / "Confirma la nueva identidad del contacto y envía de nuevo.";
    139000 => FAIL, ProviderRefused, Admin, false,
        "Meta refused the flow" / "Correct the flow in the Business Manager.",
        "Meta rechazó el flujo" / "Corrige el flujo en el Business Manager.";
    2388019 => FAIL, ProviderRefused, Admin, false,
        "The account has as many templates as it may have" / "Delete templates that nobody uses.",
        "La cuenta ya tiene todas las plantillas que puede tener" / "Borra las plantillas que nadie usa.";
    2388040 => FAIL, ProviderRefused, Admin, false,
        "A part of the template is too long" / "Shorten it and submit it again.",
        "Una parte de la plantilla es demasiado larga" / "Acórtala y envíala de nuevo a revisión.";
    2388047 => FAIL, ProviderRefused, Admin, false,
        "The template's header, body or footer is not well formed" / "Correct it and submit it again.",
        "El encabezado, el cuerpo o el pie de la plantilla no está bien formado" / "Corrígelo y envíala de nuevo a revisión.";
    2388293 => FAIL, ProviderRefused, Admin, false,
        "The template has too many variables for so little text" / "Write more text, or use fewer variables.",
        "La plantilla tiene demasiadas variables para tan poco texto" / "Escribe más texto o usa menos variables.";
    2388299 => FAIL, ProviderRefused, Admin, false,
        "A template may not begin or end with a variable" / "Put text before and after it.",
        "Una plantilla no puede empezar ni terminar con una variable" / "Pon texto antes y después.";
    2494100 => RETRY, ProviderUnavailable, Nobody, true,
        "Meta is maintaining the number" / "Nothing to do: Chaski retries by itself in a few minutes.",
        "Meta está dando mantenimiento al número" / "No hagas nada: Chaski reintenta solo en unos minutos.";
};
