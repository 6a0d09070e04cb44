// A guest made by the Rust compiler: the standard library's files, time, environment and standard input.
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().collect();
    println!("{} {} {}", args.len(), args[1], env::var("GREETING").unwrap());
    fs::create_dir_all("/data/a/b")?;
    fs::write("/data/a/b/file", "content")?;
    println!("{}", fs::read_to_string("/data/a/../a/b/file")?);
    let mut file = fs::OpenOptions::new().read(true).append(true).open("/data/a/b/file")?;
    write!(file, " and more")?;
    file.seek(SeekFrom::Start(8))?;
    let mut rest = String::new();
    file.read_to_string(&mut rest)?;
    println!("{} {}", rest, file.metadata()?.len());
    file.set_len(3)?;
    fs::hard_link("/data/a/b/file", "/data/a/hard")?;
    fs::rename("/data/a/b/file", "/data/a/moved")?;
    println!("{}", fs::read_to_string("/data/a/hard")?);
    println!("{:?}", fs::metadata("/data/a/b/file").unwrap_err().kind());
    println!("{:?}", fs::create_dir("/data/a").unwrap_err().kind());
    println!("{:?}", fs::read_to_string("/data/../etc/passwd").is_err());
    let mut names: Vec<String> = fs::read_dir("/data/a")?
        .map(|entry| entry.map(|e| format!("{} {}", e.file_name().to_string_lossy(), e.file_type().unwrap().is_dir())))
        .collect::<io::Result<_>>()?;
    names.sort();
    println!("{:?}", names);
    fs::remove_file("/data/a/hard")?;
    fs::remove_file("/data/a/moved")?;
    fs::create_dir("/data/full")?;
    for index in 0..300 {
        fs::write(format!("/data/full/{}", index), "")?;
    }
    println!("{}", fs::read_dir("/data/full")?.count());
    for index in 0..300 {
        fs::remove_file(format!("/data/full/{}", index))?;
    }
    for directory in ["a/b", "a", "full"] {
        fs::remove_dir(format!("/data/{}", directory))?;
    }
    println!("{}", fs::read_dir("/data")?.count());
    let start = Instant::now();
    thread::sleep(Duration::from_millis(5));
    println!("{}", start.elapsed() >= Duration::from_millis(5));
    for line in io::stdin().lock().lines() {
        println!("in: {}", line?);
    }
    eprintln!("to stderr");
    process::exit(42)
}
