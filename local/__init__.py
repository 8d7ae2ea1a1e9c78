"""Runs this project's own ``template.yaml`` on one machine (DESIGN.md section 6, *Local engine*)."""
