#![no_main]
chaski_fuzz::target!(webhook Email);
