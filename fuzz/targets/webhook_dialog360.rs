#![no_main]
chaski_fuzz::target!(webhook Whatsapp360dialog);
