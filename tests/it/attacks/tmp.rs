//! Places that all share where there is no wall: what one puts there beforehand meets the programs of another.

use crate::support::grounds::{Ground, Grounds};

const WORD: &str = "left-lying-about-e9";

/// The shared places.
const PLACES: [&str; 3] = ["/tmp", "/var/tmp", "/dev/shm"];

/// What is planted under a name, and what the other then does with that name; `{}` is the name. The attack has
/// succeeded when the last command of the attacker prints the word.
const PLANTS: [(&str, &str, &str, &str); 6] = [
    (
        "a link to one's own file where another writes",
        "umask 0; : >\"$A/got\"; chmod 711 \"$A\"; chmod 666 \"$A/got\"; ln -s \"$A/got\" {}",
        "echo WORD >{}",
        "cat got",
    ),
    (
        "a file of one's own where another writes",
        "umask 0; : >{}; chmod 666 {}",
        "echo WORD >{}",
        "cat {}",
    ),
    (
        "a FIFO where another writes",
        "umask 0; mkfifo {}; chmod 666 {}; (timeout 5 cat {} >got &)",
        "[ -p {} ] && echo WORD >{}",
        "sleep 0.2; cat got",
    ),
    (
        "a directory of one's own where another keeps files",
        "umask 0; mkdir -p {}; chmod 777 {}",
        "mkdir -p {}; echo kept >{}/file",
        "[ -e {}/file ] && rm -f {}/file && [ ! -e {}/file ] && echo WORD",
    ),
    (
        "reading what another puts down",
        ":",
        "umask 022; echo WORD >{}",
        "cat {}",
    ),
    (
        "seeing the names of what another puts down",
        ":",
        "umask 077; mkdir -p {}; : >{}-WORD",
        "ls -d {}*",
    ),
];

fn planted(ground: &Ground, name: &str, plant: (&str, &str, &str)) -> bool {
    let (a, b) = (ground.a(), ground.b());
    let put = |text: &str| text.replace("{}", name).replace("WORD", WORD);
    a.run(&put(plant.0));
    b.run(&put(plant.1));
    let shown = a.run(&put(plant.2));
    for user in [b, a] {
        user.run(&put("rm -rf {} {}-WORD"));
    }
    shown.contains(WORD)
}

#[test]
fn what_is_planted_in_shared_places_meets_nobody_else() {
    let Some(grounds) = Grounds::of("planting") else {
        return;
    };
    for place in PLACES {
        for (name, first, second, third) in PLANTS {
            let path = format!("{place}/ot-it-{}", crate::support::grounds::random());
            grounds.walls_stop(&format!("{place}: {name}"), |ground| {
                planted(ground, &path, (first, second, third))
            });
        }
    }
    grounds.end(18);
}

#[test]
fn code_planted_in_shared_places_is_run_by_nobody_else() {
    let Some(grounds) = Grounds::of("planted code") else {
        return;
    };
    let plants = [
        (
            "a module beside a script",
            "umask 022; mkdir -p {}; echo 'import os; open(os.environ[\"A\"] + \"/got\", \"w\").write(\"WORD\" + str(os.getuid()))' >{}/json.py",
            "cd {} && python3 -c 'import json'",
        ),
        (
            "a program in a directory of PATH",
            "umask 022; mkdir -p {}; printf '#!/bin/sh\\necho WORD >\"$A/got\"' >{}/ls; chmod 755 {}/ls",
            "PATH={}:$PATH; ls",
        ),
        (
            "a library by LD_LIBRARY_PATH",
            "umask 022; mkdir -p {}; echo 'void __attribute__((constructor)) go(void) { }' >{}/x.c; cc -shared -fPIC -o {}/libc.so.6 {}/x.c; : >{}/x; rm {}/x; echo 'WORD' >{}/there",
            "[ -e {}/libc.so.6 ] && ! LD_LIBRARY_PATH={} ls && echo WORD >\"$A/got\"",
        ),
    ];
    for (name, first, second) in plants {
        let path = format!("/tmp/ot-it-{}", crate::support::grounds::random());
        grounds.walls_stop(name, |ground| {
            // So that the program can leave a trace, the attacker opens their own home.
            let open =
                format!("umask 0; : >\"$A/got\"; chmod 666 \"$A/got\"; chmod 711 \"$A\"; {first}");
            planted(ground, &path, (&open, second, "cat got"))
        });
    }
    grounds.end(3);
}
