//! How deep the water is, from the time that an echo takes.

const SPEED: f64 = 1500.0; // of sound in sea water, in metres a second

fn main() {
    let time: f64 = std::env::args().nth(1).and_then(|word| word.parse().ok()).unwrap_or(0.0);
    println!("{:.1} m", SPEED * time / 2.0);
    if cfg!(feature = "metrics") {
        eprintln!("soundings 1");
    }
}
