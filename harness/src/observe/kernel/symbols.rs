//! Where the functions of a program are in its file, for the kernel to set its probes at.

use std::fs;
use std::path::Path;

use object::read::elf::{ElfFile64, FileHeader, ProgramHeader};
use object::{Endianness, Object, ObjectSymbol, elf};

/// Offsets in the file of exported functions, in the order of `names`.
///
/// # Errors
/// In words: where the file cannot be read, is no 64-bit ELF program, or does not export one of them.
pub(super) fn file_offsets<const N: usize>(program: &Path, names: [&str; N]) -> Result<[u64; N], String> {
    let shown = program.display();
    let data = fs::read(program).map_err(|error| format!("{shown} cannot be read: {error}"))?;
    let file = ElfFile64::<Endianness>::parse(&*data)
        .map_err(|error| format!("{shown} is no 64-bit ELF program: {error}"))?;
    let mut offsets = [0; N];
    for (offset, name) in offsets.iter_mut().zip(names) {
        let symbol = file
            .dynamic_symbols()
            .find(|symbol| symbol.is_definition() && symbol.name() == Ok(name))
            .ok_or_else(|| format!("{shown} does not export {name}"))?;
        *offset = file_offset(&file, symbol.address())
            .ok_or_else(|| format!("{shown} has no code at its own address of {name}"))?;
    }
    Ok(offsets)
}

/// Symbols are addresses in memory; a segment says which part of the file is loaded where.
fn file_offset(file: &ElfFile64<'_, Endianness>, address: u64) -> Option<u64> {
    let endian = file.endian();
    let segments = file.elf_header().program_headers(endian, file.data()).ok()?;
    segments.iter().filter(|segment| segment.p_type(endian) == elf::PT_LOAD).find_map(|segment| {
        let within = address.checked_sub(segment.p_vaddr(endian))?;
        (within < segment.p_filesz(endian)).then(|| within + segment.p_offset(endian))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_program_is_said() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "#!/bin/sh\n").unwrap();
        let error = file_offsets(file.path(), ["main"]).unwrap_err();
        assert!(error.contains("is no 64-bit ELF program"), "{error}");
        let error = file_offsets(Path::new("/nowhere/postgres"), ["main"]).unwrap_err();
        assert!(error.contains("cannot be read"), "{error}");
    }

    #[test]
    fn a_function_that_is_not_exported_is_named() {
        let error = file_offsets(&std::env::current_exe().unwrap(), ["no_such_function"]).unwrap_err();
        assert!(error.contains("does not export no_such_function"), "{error}");
    }
}
