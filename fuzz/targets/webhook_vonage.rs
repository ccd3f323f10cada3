#![no_main]
chaski_fuzz::target!(webhook WhatsappVonage);
