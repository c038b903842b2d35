//! Links that change while they are followed: a directory of the attacker's and a link to the other's home swap their
//! names all the time, while requests go through that name.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::files::target;
use crate::support::grounds::{Ground, Grounds, User};
use crate::support::seconds;

const WORD: &str = "raced-for-8d02";

/// Swaps `x` and `y` in the directory that is named, as fast as it can.
const SWAP: &str = "
import ctypes, os, sys
os.chdir(sys.argv[1])
libc = ctypes.CDLL(None)
print('up', flush=True)
while True:
    libc.renameat2(-100, b'x', -100, b'y', 2)
";

/// How long requests are sent where they must not succeed.
const LONG: Duration = Duration::from_millis(800);

/// Asks again and again while the names are swapped, until it has got through or the time is over.
fn race(ground: &Ground, mut attack: impl FnMut(&User, &User) -> bool) -> bool {
    let (a, b) = (ground.a(), ground.b());
    b.put("it.txt", WORD);
    b.put("d/it.txt", WORD);
    a.put("swap.py", SWAP);
    a.run("rm -rf x y; mkdir -p x/d; echo own >x/it.txt; echo own >x/d/it.txt; ln -s \"$B\" y");
    let swapping = a.start("exec python3 swap.py \"$A\"", &[]);
    let start = Instant::now();
    let most = if ground.walls == crate::support::grounds::Walls::None {
        seconds(10)
    } else {
        LONG
    };
    let mut through = false;
    while !through && start.elapsed() < most {
        through = attack(&a, &b);
    }
    a.end(&swapping);
    through
}

fn form(name: &str, text: &str) -> Vec<u8> {
    format!("--BB\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{text}\r\n--BB--\r\n").into()
}

#[test]
fn no_race_of_links_leads_to_what_is_read() {
    let Some(grounds) = Grounds::of("races, read") else {
        return;
    };
    grounds.accounts_stop("read", |ground| {
        race(ground, |a, _| {
            a.look("read", &[("path", &a.at("x/it.txt"))])
                .text()
                .contains(WORD)
        })
    });
    grounds.accounts_stop("view", |ground| {
        race(ground, |a, _| {
            a.look("view", &[("path", &a.at("x/it.txt"))])
                .text()
                .contains(WORD)
        })
    });
    grounds.accounts_stop("archive", |ground| {
        race(ground, |a, _| {
            let answer = a.post(
                "/files/archive",
                &json!({"paths": [a.at("x/d"), a.at("x/it.txt")]}),
            );
            let body = answer.body;
            // Short members may be stored or packed: their checksum is in the archive either way.
            let sum = crc32(WORD.as_bytes()).to_le_bytes();
            body.windows(4).any(|window| window == sum)
        })
    });
    grounds.accounts_stop("grep", |ground| {
        race(ground, |a, _| {
            let query = [("query", "raced-for"), ("path", &a.at("x"))];
            a.look("grep", &query.map(|(name, value)| (name, value)))
                .text()
                .contains(WORD)
        })
    });
    grounds.accounts_stop("compare", |ground| {
        race(ground, |a, _| {
            let body = json!({"original": a.at("swap.py"), "revised": a.at("x/it.txt")});
            a.post("/files/compare", &body).text().contains(WORD)
        })
    });
    grounds.end(5);
}

#[test]
fn no_race_of_links_leads_to_what_is_changed() {
    let Some(grounds) = Grounds::of("races, write") else {
        return;
    };
    grounds.accounts_stop("write", |ground| {
        race(ground, |a, b| {
            a.post(
                "/files/write",
                &json!({"path": a.at("x/it.txt"), "content": "own"}),
            );
            b.has("it.txt") != WORD
        })
    });
    grounds.accounts_stop("upload", |ground| {
        race(ground, |a, b| {
            let path = target("upload", &[("directory", &a.at("x"))]);
            let ask = a
                .ask("POST", &path)
                .header("content-type", "multipart/form-data; boundary=BB");
            ask.bytes(&form("up.txt", "own")).send();
            b.has("up.txt") == "own"
        })
    });
    grounds.accounts_stop("move in", |ground| {
        race(ground, |a, b| {
            a.put("mine.txt", "own");
            let body = json!({"source": a.at("mine.txt"), "destination": a.at("x/moved.txt")});
            a.post("/files/move", &body);
            b.has("moved.txt") == "own"
        })
    });
    grounds.accounts_stop("move out", |ground| {
        race(ground, |a, b| {
            let to = format!("got-{}", crate::support::grounds::random());
            let body = json!({"source": a.at("x/it.txt"), "destination": a.at(&to)});
            a.post("/files/move", &body);
            a.has(&to) == WORD || b.has("it.txt") != WORD
        })
    });
    grounds.end(4);
}

#[test]
fn no_race_of_links_leads_to_what_is_removed_or_made() {
    let Some(grounds) = Grounds::of("races, remove") else {
        return;
    };
    grounds.accounts_stop("delete", |ground| {
        race(ground, |a, b| {
            a.ask(
                "DELETE",
                &target("delete", &[("path", &a.at("x/d/it.txt"))]),
            )
            .send();
            b.has("d/it.txt") != WORD
        })
    });
    grounds.accounts_stop("replace", |ground| {
        race(ground, |a, b| {
            let pair = json!([{"target": "raced", "replacement": "own"}]);
            a.post(
                "/files/replace",
                &json!({"path": a.at("x/it.txt"), "replacements": pair}),
            );
            b.has("it.txt") != WORD
        })
    });
    grounds.accounts_stop("mkdir", |ground| {
        race(ground, |a, b| {
            a.post("/files/mkdir", &json!({"path": a.at("x/made")}));
            b.home().join("made").exists()
        })
    });
    grounds.end(3);
}

/// The checksum of a member of an archive (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    let step = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            (sum >> 1) ^ (0xedb8_8320 & (sum & 1).wrapping_neg())
        })
    };
    !bytes.iter().fold(!0, step)
}
