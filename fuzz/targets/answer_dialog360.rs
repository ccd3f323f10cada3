#![no_main]
chaski_fuzz::target!(answer Whatsapp360dialog);
