// LINE's own library. Its option `baseURL` takes a host but no path below it, so `fetch` is led to the simulator.

import { messagingApi, validateSignature } from '@line/bot-sdk';
import { Receiver, account, changed, say, write } from './support.mjs';

const set = account('line');
const direct = globalThis.fetch;
globalThis.fetch = (url, init) => direct(String(url).replace(/^https:\/\/api(-data)?\.line\.me/, set.base_url), init);
const client = new messagingApi.MessagingApiClient({ channelAccessToken: set.access_token });
const receiver = await Receiver.start();

await client.setWebhookEndpoint({ endpoint: receiver.url });
const endpoint = await client.getWebhookEndpoint();
const test = await client.testWebhookEndpoint({ endpoint: receiver.url });
const bot = await client.getBotInfo();

await write('line', 'hola');
const hook = await receiver.until('the message', ({ body }) => JSON.parse(body).events.length > 0);
const valid = (bytes) => validateSignature(bytes, set.channel_secret, hook.headers['x-line-signature']);
const [event] = JSON.parse(hook.body).events;
const profile = await client.getProfile(event.source.userId);

const pushed = await client.pushMessage({
  to: event.source.userId,
  messages: [{ type: 'text', text: 'Sent by the library of LINE' }],
});
const refused = await client
  .pushMessage({ to: event.source.userId, messages: [{ type: 'text', text: '' }] })
  .then(() => undefined, (fault) => ({ status: fault.status, details: JSON.parse(fault.body).details.length }));

say({
  sent: pushed.sentMessages[0].id,
  heard: event.message.text,
  original: valid(hook.body),
  changed: valid(changed(hook.body)),
  refused,
  also: {
    endpoint: endpoint.endpoint === receiver.url && endpoint.active,
    test: test.success,
    bot: bot.userId === JSON.parse(hook.body).destination,
    profile: profile.userId === event.source.userId,
  },
});
