#![no_main]
chaski_fuzz::target!(answer VonageSms);
