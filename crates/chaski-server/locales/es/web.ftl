### Los textos de la web, escritos primero en español.

## Salas y marco

skip = Saltar al contenido
rail = Salas
room-messages = Mensajes
room-channels = Canales
room-templates = Plantillas
close = Cerrar
me = Tu cuenta y apariencia
me-language = Idioma
me-theme = Apariencia
theme-system = Sistema
theme-light = Claro
theme-dark = Oscuro
sign-out = Cerrar sesión
simulator = Simulador
simulator-words = Nada sale de este equipo: los proveedores y los teléfonos están simulados.
simulator-phones = Ver los teléfonos virtuales
live-reconnecting = Reconectando…

## Teclado

keys-title = Atajos de teclado
keys-next = Conversación siguiente o anterior
keys-open = Abrir la conversación
keys-up = Volver a la lista
keys-reply = Responder
keys-send = Enviar la respuesta
keys-break = Saltar de línea al responder
keys-close = Cerrar lo que esté encima
keys-help = Esta lista

## Entrar

sign-in-title = Entrar en Chaski
sign-in-email = Correo electrónico
sign-in-password = Contraseña
sign-in-help = Si no tienes contraseña, pide un enlace de acceso a quien administra este servidor.
sign-in-do = Entrar
sign-in-wrong = El correo o la contraseña no son correctos. Revísalos o pide un enlace de acceso.
sign-in-too-often = Demasiados intentos con este correo. Espera 15 minutos o pide un enlace de acceso.
sign-in-link-title = Tu enlace de acceso
sign-in-link-words = Este enlace funciona una sola vez. Al pulsar el botón empieza tu sesión en este navegador.
sign-in-link-do = Entrar en Chaski
sign-in-link-used = Este enlace ya se usó o caducó. Pide otro, o entra con tu contraseña.

## Errores de página

fault-not-found = Aquí no hay nada
fault-not-found-words = La dirección no existe, o lo que había es de otro espacio de trabajo.
fault-form-old = El formulario ya no vale
fault-form-old-words = Tu sesión cambió desde que se abrió la página, y no se hizo nada. Vuelve, recarga y prueba otra vez.
fault-forbidden = Tu rol no permite esto
fault-forbidden-words = No se cambió nada. Pídeselo a quien administra el espacio de trabajo.
fault-form = No se entendió el formulario
fault-form-words = No se hizo nada. Vuelve, recarga la página y prueba otra vez.
fault-broken = Algo falló en el servidor
fault-broken-words = Los mensajes aceptados están a salvo. Recarga en un momento; si sigue, avisa a quien administra el servidor.
fault-back = Ir a Mensajes

## Lista

filters = Filtros
filter-all = Todas
filter-unread = Sin leer
filter-failed = Fallidas
list-rows = Conversaciones
list-more = Más conversaciones
row-unread = { $n ->
    [one] { $shown } mensaje sin leer
   *[other] { $shown } mensajes sin leer
}
row-failed = Falló el último mensaje enviado.
empty-inbox = Todavía no hay conversaciones
empty-inbox-words = Aparecerán aquí en cuanto alguien escriba o se envíe un mensaje por la API.
empty-unread = Todo está leído
empty-unread-words = Los mensajes nuevos de tus contactos aparecerán aquí.
empty-failed = Ningún mensaje ha fallado
empty-failed-words = Si el último mensaje a un contacto falla, su conversación aparecerá aquí.
empty-show-all = Ver todas
empty-channels = Todavía no hay canales
empty-channels-words = Conecta un canal para enviar y recibir mensajes.
empty-channels-do = Ver los canales

## Una línea por mensaje

line-template = Plantilla { $name }
mail-bcc = Copia oculta
line-custom = Mensaje propio del proveedor
line-location = Ubicación
line-contacts = Tarjetas de contacto
line-contact = Contacto: { $name }
line-reply = Tocó «{ $title }»
line-reaction = Reaccionó con { $emoji }
line-reaction-gone = Quitó su reacción
line-order = { $n ->
    [one] Pedido de { $shown } producto
   *[other] Pedido de { $shown } productos
}
line-unsupported = Mensaje que no se puede mostrar

media-image = Imagen
media-video = Vídeo
media-audio = Audio
media-voice = Nota de voz
media-file = Documento
media-sticker = Sticker
media-without-link = Solo está en el proveedor
media-open = Abrir { $name }
media-download = Descargar
media-download-name = Descargar { $name }
media-fetching = Descargando del proveedor…
media-next = Se vuelve a intentar a las { $time }.
media-next-now = Se vuelve a intentar ahora.
media-again = Intentar de nuevo
media-gone = No se pudo obtener.
media-broken = No se pudo mostrar aquí.
media-why-large = Es más grande de lo que se guarda.
media-why-address = Su dirección apunta a una red que no está permitida.
media-why-absent = El proveedor no lo tiene, o ya no lo tiene. Pide al contacto que lo envíe otra vez.
media-why-not-yet = El proveedor aún no lo tiene.
media-why-credentials = El proveedor rechazó las credenciales del canal.
media-why-storage = No hay sitio en el disco o no se puede escribir.
media-why-rate = El proveedor limita el ritmo.
media-why-provider = El proveedor no responde o falló.
reply-template = Tocó un botón de la plantilla
reply-button = Tocó un botón
reply-list = Eligió de la lista
reaction = Reacción
button-url = Enlace
button-phone = Llamar
button-reply = Respuesta rápida
button-other = Botón

## Estado

state-received = Recibido
state-queued = En cola
state-sending = Enviando
state-retrying = Reintentando a las { $time }
state-sent = Enviado
state-delivered = Entregado
state-read = Leído
state-failed = Fallido
state-unknown = Resultado desconocido

whose-you = Lo corrige quien envía.
whose-admin = Lo arregla quien administra el canal.
whose-contact = Depende del contacto.
whose-nobody = No hay que hacer nada.

component-header = Encabezado
component-body = Cuerpo
component-footer = Pie
component-buttons = Botones
component-button = Botón { $shown }

failure-place = { $component }.
failure-place-value = { $component }, valor { $n }.
failure-not-sent = No se envió:
failure-not-known = Se dejó sin confirmar:
failure-not-delivered = No se entregó:
failure-show = Ver entrega

unknown-title = Resultado desconocido.
unknown-words = Se perdió la respuesta del proveedor: puede haber llegado o no. Compruébalo con el contacto antes de decidir.
unknown-resend = Enviar de nuevo
unknown-leave = Dejarlo así

mark-api-text-differed = Texto de API distinto
mark-text-omitted = Texto omitido
mark-not-verified = No verificado

sent-by-api = Enviado desde la API de mensajería
label-inbound = { $who } escribió: { $what }. { $time }.
label-outbound = Mensaje para { $who }: { $what }. { $by }. { $state }, { $time }.

notes = { $n ->
    [one] { $shown } nota
   *[other] { $shown } notas
}
note-unknown-field = Un campo no existe: se envió el texto tal cual.
note-alias = Se aceptó otra forma de escribir la petición.
note-language = Se eligió el idioma de la plantilla por su código más cercano.
note-value = Se limpiaron espacios o saltos de línea en un valor.
note-filename = El documento no traía nombre: se le dio el del enlace.
note-autofixed = Se completó con el texto aprobado.
note-button = Se ajustó el valor de un botón.
note-numbered = Este canal no tiene botones: las respuestas fueron líneas numeradas.
note-as-other = El archivo se envió de otra forma.
note-recipient = El destinatario es siempre el contacto.
note-other = Se ajustó la petición.

## Hilo

back-to-list = Volver a la lista
thread-contact = Contacto
thread-log = Conversación con { $who }
thread-older = Mensajes anteriores
thread-latest = Ir a lo último
thread-new = Nuevos mensajes
thread-empty = Todavía no hay mensajes
thread-empty-words = Con este contacto no se ha hablado aún.
via = Por { $channel }
via-now = Ahora por { $channel }
window-open = Ventana abierta
window-closed = Ventana cerrada
held-title = El canal { $channel } está detenido y sus mensajes esperan.
held-do = Ver canales
choose = Elige una conversación
choose-words = Ábrela desde la lista, o muévete con j y k y pulsa Intro.

day-today = hoy
day-tomorrow = mañana
day-yesterday = ayer
day-names = lunes martes miércoles jueves viernes sábado domingo
month-names = enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre
date = { $day } de { $month }
date-with-year = { $day } de { $month } de { $year }

## Responder

reply-to = Escribe a { $who }
reply-by = Por { $channel }
reply-do = Enviar
reply-empty = No hay nada escrito: escribe un mensaje y envíalo.
reply-used = Con este formulario ya se envió otro mensaje. Tu texto sigue aquí: revísalo y envíalo si hace falta.
reply-busy = Hay demasiadas peticiones a la vez y no se guardó nada. Envíalo otra vez en unos segundos.
reply-commit-unknown = No se sabe si el mensaje se guardó. Mira en el hilo antes de enviarlo otra vez.
reply-unavailable = No se puede escribir en el disco y no se guardó nada. Avisa a quien administra el servidor.
reply-late = Su último mensaje tiene más de 24 horas: tu respuesta sale con la etiqueta HUMAN_AGENT de Meta, que permite a una persona responder durante siete días.
closed-title = La ventana de 24 h está cerrada.
closed-words = Pasaron más de 24 horas desde el último mensaje del contacto, y solo se puede enviar una plantilla aprobada.
closed-never-wrote = El contacto aún no ha escrito por este canal, y solo se puede enviar una plantilla aprobada.
closed-how = Por ahora las plantillas se envían por la API. Cuando el contacto escriba, podrás responder aquí.
closed-draft = Tu texto, por si quieres copiarlo:
shut-title = El contacto no recibe mensajes aquí.
shut-words = Bloqueó o dejó { $channel }, o no se le puede alcanzar allí. Cuando vuelva o escriba, podrás responder aquí.
nowhere = Ningún canal llega a este contacto todavía.

## Contacto

contact-number = Contacto { $id } · desde { $day }
contact-addresses = Direcciones
contact-no-address = Sin direcciones.
contact-channels = Canales
contact-no-channel = Aún no ha usado ningún canal.
contact-last = Último mensaje: { $when }
contact-unused = Sin mensajes todavía
contact-tags = Etiquetas
contact-standing = Seguimiento
contact-lifecycle = Etapa
contact-assignee = Asignado a
contact-fields = Campos
address-phone = Teléfono
address-email = Correo
address-bsuid = BSUID
address-native = Id en el canal
address-native-of = Id en { $channel }
learned-api = Por la API
learned-inbound = Al escribirnos
learned-receipt = Por una confirmación
learned-reply = Por la respuesta del proveedor

## Entrega de un mensaje

drawer-message = Entrega del mensaje
drawer-id = Mensaje
drawer-provider-id = En el proveedor
drawer-difference = Diferencia con la plantilla
drawer-timeline = Recorrido
difference-sent = lo que escribió la API
difference-approved = lo que recibió el contacto
difference-template = lo que dice la plantilla
difference-omitted-only = Omitido por la API; está en la plantilla:
difference-extra-only = No está en la plantilla:
difference-omitted = Omitido por la API, entregado al contacto:
difference-extra = No está en la plantilla; el contacto no lo recibió:
difference-not-verified = El canal nunca sincronizó sus plantillas: se muestra lo que escribió quien llamó a la API.
step-accepted = Aceptado
step-accepted-by = Aceptado de { $by }
step-idempotent = Con Idempotency-Key
step-received = Recibido del contacto
step-routed = Canal { $channel }
route-given = indicado en la petición
route-last = el último usado
step-window = la ventana cerraba: { $time }
step-not-sent = No se envió
step-attempt = Intento { $shown }
step-attempt-of-part = Intento { $n } de la parte { $part }
step-next = siguiente: { $time }
step-taken = El proveedor lo tomó
step-provider-time = hora del proveedor: { $time }
step-out-of-order = Llegó fuera de orden
step-waiting = Espera hasta { $time }
step-aside = Se hizo a un lado: los demás mensajes del contacto siguen.
step-unknown = Resultado desconocido
step-detail = Detalle técnico
receipt-sent = Enviado
receipt-failed = El proveedor informó de un fallo
receipt-delivered = Entregado
receipt-read = Leído
outcome-sent = El proveedor lo aceptó
outcome-fail = El proveedor lo rechazó
outcome-unknown = Se perdió la respuesta
outcome-hold = El canal quedó detenido
outcome-slow-down = El proveedor pidió ir más despacio
outcome-not-sent = No llegó a salir
outcome-retry = Se reintenta
exchange-show = Petición y respuesta
exchange-request = Petición
exchange-answer = Respuesta
exchange-curl = Como curl
exchange-gone = La petición ya no se conserva.

## Canales

channels-how = Conecta uno aquí o desde la consola: chaski channel add --source 360dialog_whatsapp --name Ventas
connect-channel = Conectar un canal
connect-which = ¿Qué canal? Antes de guardar nada se preguntan las credenciales al proveedor.
connect-name = Nombre del canal
connect-more = Más ajustes
connect-optional = opcional
connect-do = Comprobar y conectar
connect-cancel = Cancelar
connect-secrets-again = No se guardó nada. Escribe de nuevo los secretos: no se devuelven a la página.
connect-done = { $name } está conectado
connect-address = La dirección de su webhook:
connect-by-hand = Lo que queda por hacer a mano
connect-to-channels = Ver los canales
channel-connected = Conectado
channel-connecting = Conectando
channel-held = Detenido
channel-locked = Bloqueado: la clave del servidor no abre sus credenciales
channel-since = desde { $time }
channel-resume = Reanudar
channel-sync = Sincronizar plantillas
channel-templates = { $n ->
    [one] { $shown } plantilla
   *[other] { $shown } plantillas
}
channel-synced = sincronizadas: { $time }
channel-never-synced = Las plantillas nunca se han sincronizado.
channel-sync-failed = La última sincronización falló:
channel-mailbox-failed = El buzón no se lee:
told-resumed = El canal se reanudó: sus mensajes vuelven a salir.
told-not-resumed = El canal sigue detenido: la causa está abajo.
told-synced = Las plantillas están al día.
told-not-synced = No se pudieron sincronizar las plantillas: la causa está abajo.

## Plantillas

empty-templates = Todavía no hay plantillas
empty-templates-words = Se leen del proveedor al sincronizar un canal de WhatsApp.
empty-templates-do = Ver los canales
template-approved = Aprobada
template-pending = Pendiente
template-rejected = Rechazada
template-paused = En pausa
template-disabled = Desactivada
template-version = versión { $shown }
template-unsupported = Partes que aún no se pueden enviar: { $parts }
category-marketing = Marketing
category-utility = Utilidad
category-authentication = Autenticación

## La sala Entrega.

room-delivery = Entrega
delivery-channels = Colas
delivery-queued = { $n ->
    [0] No hay nada en espera.
    [one] { $n } mensaje en espera.
   *[other] { $n } mensajes en espera.
}
delivery-oldest = El más antiguo se aceptó: { $time }
delivery-receipts-missing = Faltan acuses
delivery-receipts-words = El proveedor acepta mensajes, pero no informa de nada desde { $time }. Revisa en el proveedor la dirección del webhook y su secreto de firma.
delivery-unknown = Resultados desconocidos
delivery-unknown-none = No hay resultados desconocidos.
delivery-dead = Mensajes fallidos
delivery-dead-none = No hay mensajes fallidos que se puedan volver a enviar.
delivery-dead-count = { $n ->
    [one] { $n } mensaje
   *[other] { $n } mensajes
}
delivery-dead-times = { $first } – { $last }
delivery-sample = Ver uno
delivery-replay = Volver a enviar
delivery-dismiss = Quitar de la lista
told-replayed = { $n ->
    [0] No se pudo volver a enviar ningún mensaje.
    [one] { $n } mensaje se vuelve a enviar.
   *[other] { $n } mensajes se vuelven a enviar.
}
told-replayed-more = Hay más: vuelve a enviar los siguientes abajo.
told-dismissed = { $n ->
    [one] { $n } mensaje se quitó de la lista; sigue fallido.
   *[other] { $n } mensajes se quitaron de la lista; siguen fallidos.
}
told-resolved = Tu decisión queda anotada.
told-not-resolved = El resultado ya se conocía.
blanked = Eliminado por la política de retención
step-replayed = Enviado de nuevo
step-replayed-by = Enviado de nuevo por { $by }
step-withdrawn = Antes había fallado:
