//! mih-rs over 64-bit codes, asked over lines: `k N` or `radius N`. Answers in JSON: processor time, distances.
use std::io::{BufRead, Write};

fn codes(file: &str) -> Vec<u64> {
    let bytes = std::fs::read(file).unwrap();
    bytes.chunks_exact(8).map(|code| u64::from_be_bytes(code.try_into().unwrap())).collect()
}

fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    statm.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

fn main() {
    let files: Vec<String> = std::env::args().collect();
    let (codes, queries) = (codes(&files[1]), codes(&files[2]));
    let before = resident_bytes();
    let index = mih_rs::Index::new(codes.clone()).unwrap();
    println!("{{\"bytes\": {}}}", resident_bytes() - before);
    let mut topk = index.topk_searcher();
    let mut range = index.range_searcher();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let (kind, number) = line.split_once(' ').unwrap();
        let number: usize = number.parse().unwrap();
        let mut found: Vec<Vec<u32>> = Vec::with_capacity(queries.len());
        let began = cpu_time::ProcessTime::now();
        for &query in &queries {
            let answers = if kind == "k" { topk.run(query, number) } else { range.run(query, number) };
            found.push(answers.to_vec());
        }
        let ms = began.elapsed().as_secs_f64() * 1e3;
        let distances: Vec<Vec<u32>> = queries.iter().zip(&found).map(|(query, ids)| {
            let mut of: Vec<u32> = ids.iter().map(|&id| (codes[id as usize] ^ query).count_ones()).collect();
            of.sort_unstable();
            of
        }).collect();
        println!("{{\"msPerQuery\": {}, \"distances\": {:?}}}", ms / queries.len() as f64, distances);
        std::io::stdout().flush().unwrap();
    }
}
